#!/usr/bin/env bash
mongosh --quiet --host "$ip" --port "$port" --eval 'db.hello().ok' >/dev/null
