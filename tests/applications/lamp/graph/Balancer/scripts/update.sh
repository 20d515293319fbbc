#!/usr/bin/env bash
# A graceful reload finishes the requests that are on their way.
set -eu
cp "$ROBOCONF_FILES_DIR/balancer.conf" /etc/apache2/sites-available/balancer.conf
apache2ctl graceful
echo "$ROBOCONF_INSTANCE_PATH balances ${Php_size:-0} servers"
