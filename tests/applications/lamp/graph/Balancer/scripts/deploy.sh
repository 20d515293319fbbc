#!/usr/bin/env bash
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qy install apache2
a2enmod --quiet proxy proxy_http proxy_balancer lbmethod_byrequests
a2dissite --quiet 000-default
systemctl stop apache2
