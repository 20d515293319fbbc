#!/usr/bin/env bash
set -eu
cp "$ROBOCONF_FILES_DIR/my.cnf" /etc/mysql/conf.d/shop.cnf
systemctl restart mysql
mysql <"$ROBOCONF_FILES_DIR/shop.sql"
