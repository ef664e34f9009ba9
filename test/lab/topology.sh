# shellcheck shell=bash disable=SC2034,SC2154
# Sourced: the lab's network. Two hosts on one cable:
#
#   scan  198.19.0.2/24, 2001:2:0:ff::2/64           the scanner
#   net   198.19.0.1/24, 2001:2:0:ff::1/64           its gateway, and all the servers:
#         198.18.0.0/16, 2001:2:0:18::/64            every address is this kernel's own
#
# 198.19.9.9 and 2001:2:0:ff::9 lead to the scanner too, but its kernel does not own them.

scan_mac=02:00:00:00:00:02
net_mac=02:00:00:00:00:01
fastopen_key=00010203-04050607-08090a0b-0c0d0e0f

# host_rows - the address plan without its comments
host_rows() {
	grep -v '^#' "$lab_dir/hosts.tbl"
}

in_net() {
	ip netns exec net "$@"
}

# topology_sysctl HOST NAME VALUE [NAME VALUE]... - names that this kernel lacks are passed over
topology_sysctl() {
	local host=$1
	shift
	ip netns exec "$host" bash -c '
		while [ $# -gt 0 ]; do
			[ ! -e "/proc/sys/net/$1" ] || echo "$2" >"/proc/sys/net/$1"
			shift 2
		done' sysctl "$@"
}

# topology_scan_up - the scanner's end of the cable, as it is after a fresh start
topology_scan_up() {
	ip -n scan link set scan0 up
	ip -n scan address replace 198.19.0.2/24 dev scan0
	ip -n scan address replace 2001:2:0:ff::2/64 dev scan0 nodad
	ip -n scan route replace default via 198.19.0.1
	ip -n scan route replace default via 2001:2:0:ff::1
	ip -n scan neigh replace 198.19.0.1 lladdr $net_mac dev scan0 nud permanent
	ip -n scan neigh replace 2001:2:0:ff::1 lladdr $net_mac dev scan0 nud permanent
}

topology_net_up() {
	local address

	ip -n net link set net0 up
	ip -n net address replace 198.19.0.1/24 dev net0
	ip -n net address replace 2001:2:0:ff::1/64 dev net0 nodad
	ip -n net route replace local 198.18.0.0/16 dev lo
	ip -n net route replace local 2001:2:0:18::/64 dev lo
	ip -n net route replace 198.19.9.9/32 dev net0
	for address in 198.19.0.2 198.19.9.9 2001:2:0:ff::2 2001:2:0:ff::9; do
		ip -n net neigh replace $address lladdr $scan_mac dev net0 nud permanent
	done
}

# topology_filters - what stands before the servers, and counters that no prober can argue with.
# Loading it again starts every counter, and the filter "first", anew.
topology_filters() {
	local host program queue port filter v4 v6 verdict match rule

	{
		echo "table inet lab"
		echo "delete table inet lab"
		echo "table inet lab {"
		echo " counter syn_all { }"
		echo " counter syn_cookie { }"
		echo " chain count { type filter hook prerouting priority raw;"
		echo "  tcp flags & (syn | ack) == syn counter name syn_all"
		echo "  tcp flags & (syn | ack) == syn tcp option fastopen length > 2 \\"
		echo "   counter name syn_cookie"
		echo " }"
		echo " chain filter { type filter hook input priority filter;"
		while read -r host program queue port filter v4 v6 verdict; do
			case $filter in
			drop) match="" rule=drop ;;
			reject) match="" rule="reject with icmpx type admin-prohibited" ;;
			first) match="tcp flags syn" rule="limit rate 1/day burst 1 packets drop" ;;
			cookie) match="tcp flags syn tcp option fastopen length > 2" rule=drop ;;
			*) continue ;;
			esac
			echo "  ip daddr $v4 tcp dport $port $match $rule"
			echo "  ip6 daddr $v6 tcp dport $port $match $rule"
		done < <(host_rows)
		echo " }"
		echo "}"
	} | in_net nft -f -
}

# topology_names - the lab's own host file: each host of the plan is HOST.lab.test, and nginx has a
# name in its own script, too
topology_names() {
	local host program queue port filter v4 v6 verdict

	[ -e /etc/hosts ] || return 0
	while read -r host program queue port filter v4 v6 verdict; do
		echo "$v4 $host.lab.test"
		echo "$v6 $host.lab.test"
		[ "$host" != nginx ] || printf '%s xn--bcher-kva.lab.test\n' "$v4" "$v6"
	done < <(host_rows) >"$work_dir/names"
	mount --bind "$work_dir/names" /etc/hosts
}

topology_up() {
	ip netns add scan
	ip netns add net
	ip link add scan0 address $scan_mac netns scan type veth \
		peer name net0 address $net_mac netns net
	topology_sysctl scan ipv6/conf/scan0/dad_transmits 0 ipv6/conf/all/keep_addr_on_down 1 \
		ipv6/conf/scan0/router_solicitations 0 ipv4/conf/all/rp_filter 0
	# One listener sees as many half-open handshakes as there are targets; a slot of its
	# fast open queue stays taken for 60 s after the scanner's reset.
	topology_sysctl net core/somaxconn 4000000 ipv4/tcp_max_syn_backlog 4000000 \
		ipv4/tcp_syncookies 0 ipv4/tcp_fastopen 3 ipv4/tcp_fastopen_key $fastopen_key \
		ipv4/icmp_ratelimit 0 ipv4/icmp_msgs_per_sec 1000000 ipv4/icmp_msgs_burst 1000000 \
		ipv6/icmp/ratelimit 0 ipv4/tcp_invalid_ratelimit 0 ipv4/conf/all/rp_filter 0 \
		ipv4/tcp_no_metrics_save 1 \
		ipv6/ip_nonlocal_bind 1 ipv6/conf/net0/dad_transmits 0 ipv6/conf/net0/router_solicitations 0
	ip -n scan link set lo up
	ip -n net link set lo up
	topology_scan_up
	topology_net_up
	topology_filters
	topology_names
}
