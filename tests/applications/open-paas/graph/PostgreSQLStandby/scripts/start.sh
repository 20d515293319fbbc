#!/usr/bin/env bash
set -eu
pg_basebackup --host "$PostgreSQL_0_ip" --port "$PostgreSQL_0_port" --write-recovery-conf --pgdata /srv/standby
systemctl start "$unit"
