#!/usr/bin/env bash
set -eu
cp "$ROBOCONF_FILES_DIR/ldap-recipients.cf" /etc/postfix/ldap-recipients.cf
postconf "mydomain=$domain" "mailbox_transport=lmtp:$MailStore_0_ip"
postfix start
