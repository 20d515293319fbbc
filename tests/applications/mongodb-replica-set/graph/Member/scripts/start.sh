#!/usr/bin/env bash
set -eu
mkdir -p "$ROBOCONF_FILES_DIR/data"
mongod --fork --replSet "$replicaSet" --bind_ip "$ip" --port "$port" \
	--dbpath "$ROBOCONF_FILES_DIR/data" --logpath "$ROBOCONF_FILES_DIR/mongod.log" --pidfilepath "$ROBOCONF_PID_FILE"
