#!/usr/bin/env bash
set -eu
psql --port "$ANCESTOR_PostgreSQL_port" --command "CREATE SCHEMA IF NOT EXISTS \"$schema\""
