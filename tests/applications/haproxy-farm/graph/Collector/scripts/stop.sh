#!/usr/bin/env bash
systemctl stop collectd
