#!/usr/bin/env bash
set -eu
haproxy -c -f "$ROBOCONF_FILES_DIR/haproxy.cfg"
cp "$ROBOCONF_FILES_DIR/haproxy.cfg" /etc/haproxy/haproxy.cfg
systemctl reload haproxy
echo "$ROBOCONF_JOINED_size joined, $ROBOCONF_LEFT_size left, $ROBOCONF_CHANGED_size changed"
