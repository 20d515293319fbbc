# Sourced by the scripts of this recipe: write down where the store is. The server reads it at each request.
printf 'http://%s:%s\n' "$Store_0_ip" "$Store_0_port" >"$ROBOCONF_FILES_DIR/store.url.new"
mv "$ROBOCONF_FILES_DIR/store.url.new" "$ROBOCONF_FILES_DIR/store.url"
