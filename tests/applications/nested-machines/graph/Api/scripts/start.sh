#!/usr/bin/env bash
set -eu
nohup api-server --bind "$ip:$port" --cache "redis://$Cache_0_ip:$Cache_0_port" </dev/null >>api.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
