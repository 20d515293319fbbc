#!/usr/bin/env bash
# Does nothing where the image brings all of it.
set -eu
if ! command -v java >/dev/null; then
	DEBIAN_FRONTEND=noninteractive apt-get -qy install default-jre-headless
fi
if [[ ! -d $storm_home ]]; then
	mkdir -p "$storm_home"
	tar -xzf /srv/packages/storm.tar.gz -C "$storm_home" --strip-components=1
fi
