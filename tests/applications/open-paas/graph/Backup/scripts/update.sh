#!/usr/bin/env bash
exec ./start.sh
