#!/usr/bin/env bash
set -eu
"$ANCESTOR_storm_platform_storm_home/bin/storm" jar word-count.jar org.example.WordCount words
