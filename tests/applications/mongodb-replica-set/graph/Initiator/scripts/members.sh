# Sourced by the scripts of this recipe: what the primary is told.
on_primary() {
	mongosh --quiet --host "$ANCESTOR_Member_ip" --port "$ANCESTOR_Member_port" --eval "$1"
}
