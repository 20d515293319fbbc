#!/usr/bin/env bash
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qy remove default-mysql-server # the data stay
