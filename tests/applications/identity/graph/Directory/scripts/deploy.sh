#!/usr/bin/env bash
set -eu
DEBIAN_FRONTEND=noninteractive apt-get -qy install slapd ldap-utils
systemctl stop slapd
