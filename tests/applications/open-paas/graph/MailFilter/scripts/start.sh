#!/usr/bin/env bash
set -eu
printf 'servers = "%s:%s";\n' "$Redis_0_ip" "$Redis_0_port" >/etc/rspamd/local.d/redis.conf
systemctl start rspamd
