#!/usr/bin/env bash
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qy purge apache2
