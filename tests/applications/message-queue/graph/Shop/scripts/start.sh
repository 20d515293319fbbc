#!/usr/bin/env bash
set -eu
nohup order-shop --listen "$ip:$port" --queue "amqp://$Broker_0_ip:$Broker_0_port/$Broker_0_queue" \
	</dev/null >>shop.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
