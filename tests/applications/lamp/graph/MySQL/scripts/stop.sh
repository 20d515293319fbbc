#!/usr/bin/env bash
systemctl stop mysql
