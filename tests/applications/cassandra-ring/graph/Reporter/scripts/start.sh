#!/usr/bin/env bash
set -eu
echo "one of ${CassandraNode_size:-0} nodes: $CassandraNode_0_ip:$CassandraNode_0_native_port" >report.txt
