#!/usr/bin/env bash
docker stop "$ROBOCONF_CLEAN_REVERSED_INSTANCE_PATH"
