#!/usr/bin/env bash
exec 3<>"/dev/tcp/$ip/$port"
