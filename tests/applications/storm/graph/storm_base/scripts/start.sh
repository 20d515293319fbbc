#!/usr/bin/env bash
set -eu
source ./daemon.sh
configured_anew || echo "the configuration is as it was"
nohup "$ANCESTOR_storm_platform_storm_home/bin/storm" "$daemon" </dev/null >>daemon.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
