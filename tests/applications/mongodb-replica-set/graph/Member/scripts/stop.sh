#!/usr/bin/env bash
mongod --shutdown --dbpath "$ROBOCONF_FILES_DIR/data"
