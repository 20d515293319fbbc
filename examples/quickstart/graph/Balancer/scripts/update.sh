#!/usr/bin/env bash
# Ends when the new list is in force and no request is on its way to a web server that is gone.
set -eu
source ./service.sh
source ./back-ends.sh
cd "$ROBOCONF_FILES_DIR"
write_back_ends
kill -HUP "$(running)"
until cmp -s back-ends back-ends.loaded; do
	sleep 0.02
done
echo "The balancer uses: $(tr '\n' ' ' <back-ends)"
