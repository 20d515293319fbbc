#!/usr/bin/env bash
rm -f "$ANCESTOR_Php_documents/index.php" "$ANCESTOR_Php_documents/settings.ini"
