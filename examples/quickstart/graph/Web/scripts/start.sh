#!/usr/bin/env bash
set -eu
source ./service.sh
source ./store-address.sh
cd "$ROBOCONF_FILES_DIR"
launch python3 "$PWD/web.py" --name "$ROBOCONF_INSTANCE_PATH" --address "$ip" --port "$port" --store-file store.url
echo "$ROBOCONF_INSTANCE_PATH listens at http://$ip:$port/ and uses the store at $(cat store.url)"
