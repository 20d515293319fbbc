#!/usr/bin/env bash
set -eu
DEBIAN_FRONTEND=noninteractive apt-get -qy install rabbitmq-server
rabbitmq-plugins enable rabbitmq_management
systemctl stop rabbitmq-server
