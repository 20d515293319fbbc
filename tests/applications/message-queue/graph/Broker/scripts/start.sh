#!/usr/bin/env bash
set -eu
printf 'listeners.tcp.default = %s:%s\nmanagement.tcp.port = %s\n' "$ip" "$port" "$management" \
	>/etc/rabbitmq/rabbitmq.conf
systemctl start rabbitmq-server
