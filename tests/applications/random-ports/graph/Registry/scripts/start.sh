#!/usr/bin/env bash
set -eu
peers=()
for ((i = 0; i < ${Registry_size:-0}; i++)); do
	address=Registry_${i}_ip gossip_port=Registry_${i}_gossip
	peers+=("--peer=${!address}:${!gossip_port}")
done
nohup registry --id "$id" --http "$ip:$http" --gossip "$ip:$gossip" "${peers[@]}" </dev/null >>registry.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
