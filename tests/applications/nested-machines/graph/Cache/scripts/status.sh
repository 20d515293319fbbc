#!/usr/bin/env bash
[[ $(redis-cli -h "$ip" -p "$port" ping) == PONG ]]
