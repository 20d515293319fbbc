#!/usr/bin/env bash
# Run by the agent of such a machine.
set -eu
timedatectl set-timezone Europe/Paris
