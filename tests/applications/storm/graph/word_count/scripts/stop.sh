#!/usr/bin/env bash
"$ANCESTOR_storm_platform_storm_home/bin/storm" kill words -w 5
