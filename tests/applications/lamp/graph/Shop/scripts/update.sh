#!/usr/bin/env bash
set -eu
cp "$ROBOCONF_FILES_DIR/settings.ini" "$ANCESTOR_Php_documents/settings.ini.new"
mv "$ANCESTOR_Php_documents/settings.ini.new" "$ANCESTOR_Php_documents/settings.ini"
