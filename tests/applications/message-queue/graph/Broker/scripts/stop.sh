#!/usr/bin/env bash
systemctl stop rabbitmq-server
