#!/usr/bin/env bash
set -eu
cp "$ROBOCONF_FILES_DIR/gateway.conf" /etc/nginx/conf.d/gateway.conf
systemctl reload nginx
