#!/usr/bin/env bash
redis-cli -h "$ip" -p "$port" shutdown
