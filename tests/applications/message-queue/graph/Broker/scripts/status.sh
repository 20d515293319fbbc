#!/usr/bin/env bash
exec rabbitmq-diagnostics --quiet check_running
