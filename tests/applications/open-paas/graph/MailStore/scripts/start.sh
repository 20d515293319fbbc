#!/usr/bin/env bash
set -eu
printf 'uris = ldap://%s:%s\nbase = %s\n' "$LDAP_0_ip" "$LDAP_0_port" "$LDAP_0_base" >/etc/dovecot/ldap.conf.ext
systemctl start dovecot
