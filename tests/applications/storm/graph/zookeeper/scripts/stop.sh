#!/usr/bin/env bash
systemctl stop zookeeper
