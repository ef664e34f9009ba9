# shellcheck shell=bash disable=SC2034,SC2154
# Sourced: a chain of routers behind "net", each a kernel of its own, built for who asks for it.
#
#   scan --- net --- hop2 --- hop3 --- hop4 --- hop5 --- hop6 --- hop7 --- hop8 --- far
#                                 \-- hop4b --/    \                          the server, 9 hops away
#                                          hop4 --- hop5l --- hop6
#
# What each hop does to whom: chain.py. hop3 sends 198.19.80.0/24 and 2001:2:0:50::/64 over hop4 or
# hop4b, by the hash of addresses and ports; hop4 sends 198.19.81.0/24 and 2001:2:0:51::/64 over
# hop5l, which limits its ICMP as Linux does.

chain_nets=(198.19.96.0/19 198.19.80.0/24 198.19.81.0/24
	2001:2:0:60::/64 2001:2:0:50::/64 2001:2:0:51::/64)

# chain_link HOST NEAR HOST FAR - a cable; nobody has to be asked who is at its other end
chain_link() {
	local mac=02:00:00:00:00:0c

	ip link add "$2" address $mac netns "$1" type veth peer name "$4" address $mac netns "$3"
	ip -n "$1" link set dev "$2" arp off up
	ip -n "$3" link set dev "$4" arp off up
}

# chain_host HOST [LAST] - a namespace, with an address to speak from where it is a router
chain_host() {
	ip netns add "$1"
	topology_sysctl "$1" ipv6/conf/default/dad_transmits 0 ipv6/conf/default/router_solicitations 0 \
		ipv6/conf/default/accept_ra 0 ipv4/conf/all/rp_filter 0 ipv4/conf/default/rp_filter 0
	ip -n "$1" link set lo up
	[ -n "${2:-}" ] || return 0
	ip -n "$1" address add 198.19.70.$2/32 dev lo
	ip -n "$1" address add 2001:2:0:46::$2/128 dev lo nodad
	box_router "$1"
}

# chain_routes HOST DEV NET... - these are behind DEV, and everything else behind "up0"
chain_routes() {
	local host=$1 dev=$2 net
	shift 2

	for net in "$@"; do
		ip -n "$host" route replace "$net" dev "$dev"
	done
	[ "$host" != net ] || return 0
	ip -n "$host" route replace default dev up0
	ip -n "$host" -6 route replace default dev up0
}

# What has two ways: by the hash of the flow at hop3, to hop5l at hop4
chain_forks() {
	topology_sysctl hop3 ipv4/fib_multipath_hash_policy 1 ipv6/fib_multipath_hash_policy 1
	ip -n hop3 route replace 198.19.80.0/24 nexthop dev down0 nexthop dev downb
	# IPv6 wants gateways here; on these cables any will do
	ip -n hop3 -6 route replace 2001:2:0:50::/64 \
		nexthop via fe80::a dev down0 nexthop via fe80::b dev downb
	chain_routes hop4 downl 198.19.81.0/24 2001:2:0:51::/64
}

chain_server() {
	local net

	topology_sysctl far core/somaxconn 4000000 ipv4/tcp_max_syn_backlog 4000000 \
		ipv4/tcp_syncookies 0 ipv4/tcp_fastopen 3 ipv4/tcp_fastopen_key $fastopen_key \
		ipv4/tcp_invalid_ratelimit 0 ipv4/tcp_no_metrics_save 1
	for net in "${chain_nets[@]}"; do
		ip -n far route replace local "$net" dev lo
	done
	ip -n far route replace default dev up0
	ip -n far -6 route replace default dev up0
	lab_program listener "$lab_dir/listener.c"
	server_start far listener-far ready "$work_dir/listener" 7:1000000 9:0
}

chain_rules() {
	local host

	for host in net hop{2..8} hop4b hop5l; do
		python3 -B "$lab_dir/chain.py" rules $host | ip netns exec $host nft -f -
	done
}

# What no rule can do a program does, to what the rules mark: see queued.py
chain_queues() {
	local hop host hosts=(net hop{2..8}) command hook

	for host in "${hosts[@]}"; do
		for command in iptables ip6tables; do
			ip netns exec $host $command -A OUTPUT -m mark --mark 32 -j NFQUEUE --queue-num 7
			for hook in PREROUTING FORWARD; do
				ip netns exec $host $command -t mangle -A $hook -m mark --mark 64 \
					-j NFQUEUE --queue-num 8
			done
		done
	done
	server_start net queued ready env PYTHONPATH="$lab_dir:$lab_dir/../replay" \
		python3 -B "$lab_dir/queued.py" "${hosts[@]}"
}

chain_up() {
	local hop

	for hop in {2..8}; do
		chain_host hop$hop $hop
	done
	chain_host hop4b 14
	chain_host hop5l 25
	chain_host far
	chain_link net hop2 hop2 up0
	for hop in {2..7}; do
		chain_link hop$hop down0 hop$((hop + 1)) up0
	done
	chain_link hop8 down0 far up0
	chain_link hop3 downb hop4b up0
	chain_link hop4b down0 hop5 upb
	chain_link hop4 downl hop5l up0
	chain_link hop5l down0 hop6 upl
	chain_routes net hop2 "${chain_nets[@]}"
	for hop in hop{2..8} hop4b hop5l; do
		chain_routes $hop down0 "${chain_nets[@]}"
	done
	chain_forks
	topology_sysctl hop5l ipv4/icmp_ratelimit 1000 ipv6/icmp/ratelimit 1000
	chain_rules
	chain_server
	chain_queues
}
