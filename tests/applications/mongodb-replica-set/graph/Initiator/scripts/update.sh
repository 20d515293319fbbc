#!/usr/bin/env bash
set -eu
source ./members.sh
for ((i = 0; i < ROBOCONF_JOINED_size; i++)); do
	address=ROBOCONF_JOINED_${i}_ip port=ROBOCONF_JOINED_${i}_port
	on_primary "rs.add('${!address}:${!port}')"
done
for ((i = 0; i < ROBOCONF_LEFT_size; i++)); do
	address=ROBOCONF_LEFT_${i}_ip port=ROBOCONF_LEFT_${i}_port
	on_primary "rs.remove('${!address}:${!port}')"
done
