#!/usr/bin/env bash
systemctl stop apache2
