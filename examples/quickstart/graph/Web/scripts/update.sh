#!/usr/bin/env bash
set -eu
source ./store-address.sh
echo "$ROBOCONF_INSTANCE_PATH now uses the store at $(cat "$ROBOCONF_FILES_DIR/store.url")"
