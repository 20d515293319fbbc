#!/usr/bin/env bash
docker rm --force "$ROBOCONF_CLEAN_REVERSED_INSTANCE_PATH"
