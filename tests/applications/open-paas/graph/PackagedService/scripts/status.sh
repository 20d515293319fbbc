#!/usr/bin/env bash
systemctl --quiet is-active "$unit"
