#!/usr/bin/env bash
set -eu
nohup sensor --kind "$kind" --to "$Analysis_0_ip:$Analysis_0_port" </dev/null >>sensor.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
