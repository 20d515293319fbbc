#!/usr/bin/env bash
systemctl stop tomcat10
