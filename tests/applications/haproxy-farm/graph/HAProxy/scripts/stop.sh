#!/usr/bin/env bash
systemctl stop haproxy
