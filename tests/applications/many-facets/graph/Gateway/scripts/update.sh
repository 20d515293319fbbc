#!/usr/bin/env bash
set -eu
printf 'reverse_proxy %s:%s\n' "$Grafana_0_ip" "$Grafana_0_port" >Caddyfile
caddy reload --config Caddyfile
