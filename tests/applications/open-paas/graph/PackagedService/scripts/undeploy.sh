#!/usr/bin/env bash
set -eu
DEBIAN_FRONTEND=noninteractive apt-get -qy remove "$package"
