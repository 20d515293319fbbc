#!/usr/bin/env bash
# Files are moved into place, so that no request sees half of them.
set -eu
for file in index.php settings.ini; do
	cp "$ROBOCONF_FILES_DIR/$file" "$ANCESTOR_Php_documents/$file.new"
	mv "$ANCESTOR_Php_documents/$file.new" "$ANCESTOR_Php_documents/$file"
done
