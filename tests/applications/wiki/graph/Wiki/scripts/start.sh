#!/usr/bin/env bash
set -eu
cd "$ROBOCONF_FILES_DIR"
nohup venv/bin/wikid --config wiki.ini --bind "$ip:$port" </dev/null >>wiki.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
