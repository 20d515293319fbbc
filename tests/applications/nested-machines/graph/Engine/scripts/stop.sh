#!/usr/bin/env bash
systemctl stop docker
