#!/usr/bin/env bash
# The wiki reads wiki.ini again.
kill -HUP "$(cat "$ROBOCONF_PID_FILE")"
