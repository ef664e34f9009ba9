# shellcheck shell=bash disable=SC2034,SC2154
# Sourced: the lab's servers, in the namespace "net"; see hosts.tbl for who answers where.
# All are children of the script that sources this; servers_down ends them by their ids.

server_pids=()

# server_start HOST NAME READY COMMAND... - returns as soon as COMMAND, in HOST's namespace,
# printed a line with READY in it. Who stands for the rest of the world is not slow when this machine
# is busy, where this user may say so; nice runs it all the same where not.
server_start() {
	local host=$1 name=$2 ready=$3 line out
	shift 3

	exec {out}< <(exec nice -n -20 ip netns exec "$host" "$@" 2>&1)
	server_pids+=($!)
	while read -r -t 20 -u "$out" line; do
		echo "$line" >>"$work_dir/$name.log"
		if [[ $line == *"$ready"* ]]; then
			cat <&"$out" >>"$work_dir/$name.log" &
			exec {out}<&-
			return 0
		fi
	done
	cat "$work_dir/$name.log" >&2 || true
	die "$name did not start"
}

# lab_program NAME SOURCE... - makes one of the lab's own programs, $work_dir/NAME. Where many labs
# run, LAB_PROGRAMS is a folder that they share, and the first one makes it.
lab_program() {
	local name=$1 dir=${LAB_PROGRAMS:-$work_dir}
	shift

	(
		flock 9
		[ -e "$dir/$name" ] || "${CC:-cc}" -D_GNU_SOURCE -O2 -Wall -Wextra -o "$dir/$name" "$@"
	) 9>"$dir/$name.lock"
	[ -e "$work_dir/$name" ] || cp "$dir/$name" "$work_dir/$name"
}

# The kernel listener: any address, every port of the plan that names it.
servers_listener() {
	local host program queue port filter v4 v6 verdict ports=()

	while read -r host program queue port filter v4 v6 verdict; do
		[ "$program" != listener ] || ports+=("$port:${queue/#-/0}")
	done < <(host_rows)
	lab_program listener "$lab_dir/listener.c"
	server_start net listener ready "$work_dir/listener" "${ports[@]}"
}

servers_nginx() {
	local host program queue port filter v4 v6 verdict open

	mkdir -p "$work_dir/nginx"
	{
		echo "user root; daemon off; master_process off; pid $work_dir/nginx/pid;"
		echo "error_log stderr notice;"
		echo "events { worker_connections 4096; }"
		echo "http { access_log off;"
		for open in client_body proxy fastcgi uwsgi scgi; do
			echo " ${open}_temp_path $work_dir/nginx/$open;"
		done
		echo " server {"
		while read -r host program queue port filter v4 v6 verdict; do
			[ "$program" = nginx ] || continue
			open=
			[ "$queue" = - ] || open=" fastopen=$queue"
			echo "  listen $v4:$port$open;"
			echo "  listen [$v6]:$port$open;"
		done < <(host_rows)
		echo "  return 200 'tfomap lab\n';"
		echo " } }"
	} >"$work_dir/nginx.conf"
	# nginx names its event method after bind() and listen()
	server_start net nginx 'event method' nginx -e stderr -c "$work_dir/nginx.conf"
}

servers_knot() {
	local host program queue port filter v4 v6 verdict

	mkdir -p "$work_dir/knot"
	{
		echo "server:"
		echo "  rundir: $work_dir/knot"
		echo "  user: root"
		while read -r host program queue port filter v4 v6 verdict; do
			[ "$program" != knot ] || echo "  listen: [ $v4@$port, $v6@$port ]"
		done < <(host_rows)
		echo "database:"
		echo "  storage: $work_dir/knot"
		echo "log:"
		echo "  - target: stdout"
		echo "    any: info"
	} >"$work_dir/knot.conf"
	server_start net knot 'server started' knotd -c "$work_dir/knot.conf"
}

servers_up() {
	servers_listener
	servers_nginx
	servers_knot
}

servers_down() {
	local pid

	for pid in "${server_pids[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
}
