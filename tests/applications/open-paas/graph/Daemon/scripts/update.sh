#!/usr/bin/env bash
./stop.sh
exec ./start.sh
