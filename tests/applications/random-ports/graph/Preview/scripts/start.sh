#!/usr/bin/env bash
set -eu
nohup preview --listen "$ip:$port" --live "$ip:$live" --editors "${Editor_size:-0}" </dev/null >>preview.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
