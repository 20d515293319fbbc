#!/usr/bin/env bash
# Run by the deployment manager once a machine of the university is there.
set -eu
echo "$APPLICATION_NAME: $SCOPED_INSTANCE_PATH has the address $IP_ADDRESS"
