#!/usr/bin/env bash
set -eu
cp "$ROBOCONF_FILES_DIR/php-site.conf" /etc/apache2/sites-available/php-site.conf
a2ensite --quiet php-site
systemctl restart apache2
