#!/usr/bin/env bash
set -eu
sed -i "s/^clientPort=.*/clientPort=$client_port/" /etc/zookeeper/conf/zoo.cfg
systemctl start zookeeper
