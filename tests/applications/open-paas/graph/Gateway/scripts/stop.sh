#!/usr/bin/env bash
systemctl stop nginx
