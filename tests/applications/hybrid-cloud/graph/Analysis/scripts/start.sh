#!/usr/bin/env bash
set -eu
nohup analysis --listen "$ip:$port" --peers "${Analysis_size:-0}" </dev/null >>analysis.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
