# Sourced by the scripts of this recipe: at most three addresses of other nodes of the same cluster, or the own one.
seeds() {
	local i address name found=()
	for ((i = 0; i < ${CassandraNode_size:-0} && ${#found[@]} < 3; i++)); do
		address=CassandraNode_${i}_ip name=CassandraNode_${i}_cluster_name
		[[ ${!name} == "$cluster_name" ]] && found+=("${!address}")
	done
	local IFS=,
	echo "${found[*]:-$ip}"
}
