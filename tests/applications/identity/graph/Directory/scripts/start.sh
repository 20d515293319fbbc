#!/usr/bin/env bash
set -eu
printf 'SLAPD_SERVICES="ldap://%s:%s/ ldapi:///"\n' "$ip" "$port" >/etc/default/slapd.services
systemctl start slapd
