#!/usr/bin/env bash
systemctl stop slapd
