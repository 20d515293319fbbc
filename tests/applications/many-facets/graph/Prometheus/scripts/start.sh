#!/usr/bin/env bash
# Names with a '-' have a '_' in scripts.
set -eu
mkdir -p "$data_directory"
nohup prometheus --web.listen-address="$ip:$port" --storage.tsdb.path="$data_directory" \
	--config.file="$ROBOCONF_FILES_DIR/prometheus.yml" </dev/null >>prometheus.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
