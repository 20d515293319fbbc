# Sourced by the scripts of this recipe: one background service, known by its pid.

# The pid of the running service, or nothing.
running() {
	local pid
	pid=$(cat service.pid 2>/dev/null) || return 1
	tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$PWD" && echo "$pid"
}

# Start a program in the background, unless it runs already.
launch() {
	running >/dev/null && return 0
	nohup "$@" </dev/null >>service.log 2>&1 &
	echo $! >service.pid
}

# End the service and wait until it is gone: it first finishes what it has accepted.
end() {
	local pid
	while pid=$(running); do
		kill -TERM "$pid" 2>/dev/null
		sleep 0.05
	done
	rm -f service.pid
}

# Succeed if the service answers at its health address.
healthy() {
	local line
	exec 3<>"/dev/tcp/$ip/$port" || return 1
	printf 'GET /-/health HTTP/1.0\r\n\r\n' >&3
	read -r -t 3 line <&3 && [[ $line == *" 200 "* ]]
}
