#!/usr/bin/env bash
ldapsearch -x -H "ldap://$ip:$port" -b "$base" -s base >/dev/null
