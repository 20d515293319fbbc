#!/usr/bin/env bash
set -eu
sed -i "s/port=\"[0-9]*\" protocol=\"HTTP/port=\"$port\" protocol=\"HTTP/" /etc/tomcat10/server.xml
systemctl restart tomcat10
