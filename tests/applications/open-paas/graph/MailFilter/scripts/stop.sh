#!/usr/bin/env bash
systemctl stop rspamd
