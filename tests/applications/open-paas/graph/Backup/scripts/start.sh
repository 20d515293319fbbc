#!/usr/bin/env bash
set -eu
for ((i = 0; i < PackagedService_size; i++)); do
	address=PackagedService_${i}_ip when=PackagedService_${i}_backup
	echo "${!when} ${!address} $target"
done >plan.txt
