# shellcheck shell=bash disable=SC2034,SC2154
# Sourced: what may happen to a connection after its handshake, built for who asks for it.
#
#   scan --- net --- wall --- shop    198.19.72.N, 2001:2:0:48::N    N is a row of wall.py
#                                     198.19.32.0/19, 2001:2:0:20::/64    nothing in between
#
# wall forwards, and has a box for each row; shop has every server at every address.

wall_nets=(198.19.72.0/24 198.19.32.0/19 2001:2:0:48::/64 2001:2:0:20::/64)

wall_shop() {
	local net

	topology_sysctl shop core/somaxconn 65536 ipv4/tcp_max_syn_backlog 65536 ipv4/tcp_syncookies 0 \
		ipv4/tcp_fastopen 3 ipv4/tcp_fastopen_key $fastopen_key ipv4/tcp_invalid_ratelimit 0 \
		ipv4/tcp_no_metrics_save 1
	for net in "${wall_nets[@]}"; do
		ip -n shop route replace local "$net" dev lo
	done
	# What knot asks a name server must fail at once, so there is no default route.
	ip -n shop route replace 198.19.0.0/24 dev up0
	ip -n shop route replace 2001:2:0:ff::/64 dev up0
	# Segments as they are on a real cable
	ip -n shop link set dev up0 gso_max_segs 1
}

wall_rules() {
	python3 -B "$lab_dir/wall.py" rules | ip netns exec wall nft -f -
}

# A page of some segments, so that what is lost of it can be told
wall_nginx() {
	local open

	mkdir -p "$work_dir/shop-nginx"
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=lab.test -days 1 -out "$work_dir/shop.pem" \
		-keyout "$work_dir/shop.key" 2>/dev/null
	printf 'tfomap lab\n%.0s' {1..400} >"$work_dir/shop-nginx/page"
	{
		echo "user root; daemon off; master_process off; pid $work_dir/shop-nginx/pid;"
		echo "error_log stderr notice; worker_rlimit_nofile 60000;"
		echo "events { worker_connections 30000; }"
		echo "http { access_log off;"
		for open in client_body proxy fastcgi uwsgi scgi; do
			echo " ${open}_temp_path $work_dir/shop-nginx/$open;"
		done
		echo " server {"
		echo "  listen 80 fastopen=65536 backlog=65536;"
		echo "  listen [::]:80 fastopen=65536 backlog=65536;"
		echo "  listen 443 ssl fastopen=65536 backlog=65536;"
		echo "  listen [::]:443 ssl fastopen=65536 backlog=65536;"
		echo "  ssl_certificate $work_dir/shop.pem; ssl_certificate_key $work_dir/shop.key;"
		echo "  root $work_dir/shop-nginx; try_files /page =404;"
		echo " } }"
	} >"$work_dir/shop-nginx.conf"
	server_start shop shop-nginx 'event method' nginx -e stderr -c "$work_dir/shop-nginx.conf"
}

wall_haproxy() {
	cat >"$work_dir/shop-haproxy.cfg" <<-END
		global
			maxconn 1024
		defaults
			mode http
			timeout connect 5s
			timeout client 30s
			timeout server 30s
		frontend fast
			bind 0.0.0.0:8080 tfo
			bind [::]:8080 v6only tfo
			default_backend pages
		backend pages
			server nginx 127.0.0.1:80
	END
	server_start shop shop-haproxy 'Loading success' haproxy -W -db -f "$work_dir/shop-haproxy.cfg"
}

wall_knot() {
	mkdir -p "$work_dir/shop-knot"
	cat >"$work_dir/shop-knot.conf" <<-END
		server:
		  rundir: $work_dir/shop-knot
		  user: root
		  listen: [ 0.0.0.0@53, ::@53 ]
		database:
		  storage: $work_dir/shop-knot
		log:
		  - target: stdout
		    any: info
	END
	server_start shop shop-knot 'server started' knotd -c "$work_dir/shop-knot.conf"
}

wall_up() {
	chain_host wall
	ip -n wall address add 198.19.71.1/32 dev lo
	ip -n wall address add 2001:2:0:47::1/128 dev lo nodad
	box_router wall
	chain_host shop
	chain_link net wall0 wall up0
	chain_link wall down0 shop up0
	chain_routes net wall0 "${wall_nets[@]}"
	chain_routes wall down0 "${wall_nets[@]}"
	wall_shop
	wall_rules
	lab_program listener "$lab_dir/listener.c"
	server_start shop shop-listener ready "$work_dir/listener" 7:65536 9:0
	server_start shop shop-talker ready python3 -B "$lab_dir/talker.py"
	wall_nginx
	wall_haproxy
	wall_knot
}
