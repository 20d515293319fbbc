#!/usr/bin/env bash
exec 3<>"/dev/tcp/$ip/$client_port"
printf 'ruok' >&3
read -r -t 3 -N 4 answer <&3
[[ $answer == imok ]]
