#!/usr/bin/env bash
set -eu
mkdir -p "$ROBOCONF_FILES_DIR/values"
echo "The store keeps its values in $ROBOCONF_FILES_DIR/values"
