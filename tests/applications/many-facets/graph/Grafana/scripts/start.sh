#!/usr/bin/env bash
set -eu
export GF_SERVER_HTTP_PORT=$port GF_SERVER_CERT_FILE=$certificate
nohup grafana server </dev/null >>grafana.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
