#!/usr/bin/env bash
systemctl stop dovecot
