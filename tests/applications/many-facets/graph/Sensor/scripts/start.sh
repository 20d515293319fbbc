#!/usr/bin/env bash
set -eu
nohup prometheus-node-exporter --web.listen-address="$ip:$port" </dev/null >>sensor.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
