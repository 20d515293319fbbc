#!/usr/bin/env bash
set -eu
"$ANCESTOR_storm_platform_storm_home/bin/storm" rebalance words -n "$storm_supervisor_size"
