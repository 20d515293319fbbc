#!/usr/bin/env bash
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qy install apache2 libapache2-mod-php php-mysql
a2dissite --quiet 000-default
systemctl stop apache2
