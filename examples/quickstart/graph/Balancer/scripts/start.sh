#!/usr/bin/env bash
set -eu
source ./service.sh
source ./back-ends.sh
cd "$ROBOCONF_FILES_DIR"
write_back_ends
launch python3 "$PWD/balancer.py" --address "$ip" --port "$port" --back-ends "$PWD/back-ends"
cp service.pid "$ROBOCONF_PID_FILE"
echo "The balancer listens at http://$ip:$port/ in front of $Web_size web servers"
