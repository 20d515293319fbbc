#!/usr/bin/env bash
set -eu
docker pull --quiet cassandra:4.1
