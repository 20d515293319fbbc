#!/usr/bin/env bash
systemctl stop postgresql
