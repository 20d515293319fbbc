#!/usr/bin/env bash
set -eu
printf '%s services, %s daemons\n' "${PackagedService_size:-0}" "${Daemon_size:-0}" >summary.txt
