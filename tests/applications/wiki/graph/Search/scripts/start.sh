#!/usr/bin/env bash
set -eu
export ES_PATH_CONF=$ROBOCONF_FILES_DIR
nohup opensearch -Ehttp.port="$port" -Enetwork.host="$ip" </dev/null >>search.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
