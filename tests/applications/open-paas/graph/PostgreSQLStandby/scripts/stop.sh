#!/usr/bin/env bash
systemctl stop "$unit"
