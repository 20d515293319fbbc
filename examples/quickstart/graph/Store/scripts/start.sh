#!/usr/bin/env bash
set -eu
source ./service.sh
cd "$ROBOCONF_FILES_DIR"
launch python3 "$PWD/store.py" --address "$ip" --port "$port" --journal values/journal
# The agent watches the process named here and notices at once when it dies.
cp service.pid "$ROBOCONF_PID_FILE"
echo "The store listens at http://$ip:$port/"
