#!/usr/bin/env bash
# The program has the name of the component, in lower case.
set -eu
{
	echo "listen = $ip:$port"
	echo "context = $context"
	for name in ${!LDAP_0_*} ${!MongoDB_0_*} ${!Redis_0_*} ${!MinIO_0_*}; do
		echo "$name = ${!name}"
	done
} >"$ROBOCONF_FILES_DIR/settings.conf"
nohup setpriv --reuid "$user" "/opt/platform/bin/${ROBOCONF_COMPONENT_NAME,,}" \
	--settings "$ROBOCONF_FILES_DIR/settings.conf" </dev/null >>daemon.log 2>&1 &
echo $! >"$ROBOCONF_PID_FILE"
