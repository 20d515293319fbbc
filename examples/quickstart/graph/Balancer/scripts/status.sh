#!/usr/bin/env bash
# Succeeds while the service runs and is able to answer: that something answers on the port is not enough.
source ./service.sh
cd "$ROBOCONF_FILES_DIR" || exit 1
running >/dev/null && healthy
