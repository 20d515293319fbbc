#!/usr/bin/env bash
set -eu
DEBIAN_FRONTEND=noninteractive apt-get -qy install python3-venv
python3 -m venv "$ROBOCONF_FILES_DIR/venv"
"$ROBOCONF_FILES_DIR/venv/bin/pip" install --quiet wikid
