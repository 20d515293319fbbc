#!/usr/bin/env bash
exec docker info --format '{{.ServerVersion}}'
