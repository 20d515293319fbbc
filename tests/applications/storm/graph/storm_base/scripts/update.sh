#!/usr/bin/env bash
set -eu
source ./daemon.sh
if configured_anew; then
	./stop.sh
	exec ./start.sh
fi
