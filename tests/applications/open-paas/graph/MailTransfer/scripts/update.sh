#!/usr/bin/env bash
set -eu
cp "$ROBOCONF_FILES_DIR/ldap-recipients.cf" /etc/postfix/ldap-recipients.cf
postfix reload
