#!/usr/bin/env bash
set -eu
mkdir -p /etc/cas/config
cp "$ROBOCONF_FILES_DIR/cas.properties" /etc/cas/config/cas.properties
systemctl restart cas
