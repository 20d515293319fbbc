#!/usr/bin/env bash
set -eu
haproxy -c -f "$ROBOCONF_FILES_DIR/haproxy.cfg"
cp "$ROBOCONF_FILES_DIR/haproxy.cfg" /etc/haproxy/haproxy.cfg
systemctl restart haproxy
