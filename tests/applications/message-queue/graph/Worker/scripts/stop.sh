#!/usr/bin/env bash
# A worker ends when the order in its hands is done.
pid=$(cat "$ROBOCONF_PID_FILE") || exit 0
kill -TERM "$pid" || exit 0
tail --pid="$pid" -f /dev/null
