#!/usr/bin/env bash
set -eu
redis-server --bind "$ip" --port "$port" --daemonize yes --pidfile "$ROBOCONF_PID_FILE"
