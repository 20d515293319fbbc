#!/usr/bin/env bash
set -eu
pg_conftool set listen_addresses "$ip"
pg_conftool set port "$port"
echo "rows are kept for $retention_days days"
systemctl restart postgresql
