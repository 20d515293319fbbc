#!/usr/bin/env bash
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qy install default-mysql-server
systemctl stop mysql
