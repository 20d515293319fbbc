#!/usr/bin/env bash
set -eu
printf 'server {\n    listen %s:%s;\n    root /srv/files;\n}\n' "$ip" "$port" >/etc/nginx/conf.d/files.conf
systemctl restart nginx
