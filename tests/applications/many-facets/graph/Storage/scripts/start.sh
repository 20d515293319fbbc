#!/usr/bin/env bash
set -eu
mkdir -p "$data_directory"
nohup mimir -server.http-listen-port="$port" -blocks-storage.filesystem.dir="$data_directory" \
	</dev/null >>storage.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
