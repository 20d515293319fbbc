#!/usr/bin/env bash
source ./service.sh
cd "$ROBOCONF_FILES_DIR" || exit 1
end
