#!/usr/bin/env bash
postfix stop
