#!/usr/bin/env bash
set -eu
DEBIAN_FRONTEND=noninteractive apt-get -qy install tomcat10
systemctl stop tomcat10
