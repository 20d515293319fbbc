#!/usr/bin/env bash
set -eu
DEBIAN_FRONTEND=noninteractive apt-get -qy install mongodb-org-server mongodb-mongosh
