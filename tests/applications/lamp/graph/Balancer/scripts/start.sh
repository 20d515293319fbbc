#!/usr/bin/env bash
set -eu
cp "$ROBOCONF_FILES_DIR/balancer.conf" /etc/apache2/sites-available/balancer.conf
a2ensite --quiet balancer
systemctl restart apache2
