# Sourced by the scripts of this recipe: which daemon it is, and its configuration.
daemon=${ROBOCONF_COMPONENT_NAME#storm_}

# Put the configuration into place; succeed if it has changed.
configured_anew() {
	! cmp -s "$ROBOCONF_FILES_DIR/storm.yaml" "$ANCESTOR_storm_platform_storm_home/conf/storm.yaml" || return 1
	cp "$ROBOCONF_FILES_DIR/storm.yaml" "$ANCESTOR_storm_platform_storm_home/conf/storm.yaml"
}
