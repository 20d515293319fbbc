#!/usr/bin/env bash
kill "$(cat "$ROBOCONF_PID_FILE")" 2>/dev/null || true
