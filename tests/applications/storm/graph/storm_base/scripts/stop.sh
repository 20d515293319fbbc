#!/usr/bin/env bash
pid=$(cat "$ROBOCONF_PID_FILE") || exit 0
kill "$pid" || exit 0
tail --pid="$pid" -f /dev/null
