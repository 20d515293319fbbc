# Sourced by the scripts of this recipe: write the list of all web servers, one host:port a line.
write_back_ends() {
	local i address port
	for ((i = 0; i < ${Web_size:-0}; i++)); do
		address=Web_${i}_ip port=Web_${i}_port
		echo "${!address}:${!port}"
	done >back-ends.new
	mv back-ends.new back-ends
}
