#!/usr/bin/env bash
set -eu
cd "$home"
nohup editor --title "$greeting" --listen "$ip:$port" --registry "http://$Registry_0_ip:$Registry_0_http" \
	</dev/null >>editor.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
