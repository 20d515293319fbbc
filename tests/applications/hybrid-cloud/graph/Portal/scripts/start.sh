#!/usr/bin/env bash
set -eu
nohup portal --listen "$ip:$port" --database "$Archive_0_ip:$Archive_0_port" </dev/null >>portal.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
