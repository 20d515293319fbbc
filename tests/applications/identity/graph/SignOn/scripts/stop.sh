#!/usr/bin/env bash
systemctl stop cas
