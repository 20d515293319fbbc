#!/usr/bin/env bash
set -eu
printf 'reverse_proxy %s:%s\n' "$Grafana_0_ip" "$Grafana_0_port" >Caddyfile
nohup caddy run --config Caddyfile </dev/null >>gateway.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
