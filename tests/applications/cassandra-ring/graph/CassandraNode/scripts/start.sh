#!/usr/bin/env bash
set -eu
source ./seeds.sh
docker start "$ROBOCONF_CLEAN_REVERSED_INSTANCE_PATH" 2>/dev/null ||
	docker run --detach --name "$ROBOCONF_CLEAN_REVERSED_INSTANCE_PATH" \
		--env CASSANDRA_CLUSTER_NAME="$cluster_name" --env CASSANDRA_SEEDS="$(seeds)" \
		--publish "$storage_port:7000" --publish "$native_port:9042" cassandra:4.1
