#!/usr/bin/env bash
# Succeeds while the service is able to answer.
source ./service.sh
healthy
