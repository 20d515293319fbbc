#!/usr/bin/env bash
set -eu
systemctl start "$unit"
