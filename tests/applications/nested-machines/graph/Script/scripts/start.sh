#!/usr/bin/env bash
set -eu
printf 'export API=http://%s:%s\n' "$Api_0_ip" "$Api_0_port" >environment
