#!/usr/bin/env bash
# A set that exists already is left as it is.
set -eu
source ./members.sh
on_primary "try { rs.status() } catch (e) { rs.initiate() }"
for ((i = 0; i < ${Member_size:-0}; i++)); do
	address=Member_${i}_ip port=Member_${i}_port
	on_primary "rs.add('${!address}:${!port}')"
done
