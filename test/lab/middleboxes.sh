# shellcheck shell=bash disable=SC2034,SC2154
# Sourced: middleboxes and odd servers, behind "net", one address a row of boxes.tbl:
#
#   scan --- net --+-- mid --+-- srv, srv403, ...   198.19.64.N, 2001:2:0:40::N
#                  |         each kernel owns all of these addresses; mid says who is asked
#                  +-- persona                      198.19.128.N, 2001:2:0:80::N
#
# N counts the rows that have a persona, from 0, or the others, from 1. mid is the only hop that
# drops, changes or answers; personas stand behind no filter.

box_net4=198.19.64 box_net6=2001:2:0:40:
persona_net4=198.19.128.0/17 persona_net6=2001:2:0:80::/64
new_key=f0e0d0c0-b0a09080-70605040-30201000
# Marks: what goes to the proxies, to srvnew and to srvboth, and the routing tables for that; a SYN
# with data.
to_proxy=1 to_new=2 to_both=3 has_data=16

# box_rows - name, host, port, what, IPv4, IPv6 of each row behind mid
box_rows() {
	awk -v net4=$box_net4 -v net6=$box_net6 '/^[^ \t#]/ && $2 != "persona" {
		n++; printf "%s %s %s %s %s.%d %s:%x\n", $1, $2, $3, $4, net4, n, net6, n
	}' "$lab_dir/boxes.tbl"
}

# box_place NAME - IPv4, IPv6 and port of any row
box_place() {
	awk -v name="$1" -v net4=$box_net4 -v net6=$box_net6 -v persona4=${persona_net4%.0/*} \
		-v persona6=${persona_net6%:/*} '
		!/^[^ \t#]/ { next }
		$2 == "persona" { v4 = persona4 "." (p + 0); v6 = sprintf("%s:%x", persona6, p++) }
		$2 != "persona" { n++; v4 = net4 "." n; v6 = sprintf("%s:%x", net6, n) }
		$1 == name { print v4, v6, $3 }' "$lab_dir/boxes.tbl"
}

in_mid() {
	ip netns exec mid "$@"
}

# box_link HOST NEAR HOST FAR - a cable; with one address for both ends neither has to be asked for
box_link() {
	local mac=02:00:00:00:00:0a

	ip link add "$2" address $mac netns "$1" type veth peer name "$4" address $mac netns "$3"
	topology_sysctl "$1" "ipv6/conf/$2/dad_transmits" 0 "ipv6/conf/$2/router_solicitations" 0
	topology_sysctl "$3" "ipv6/conf/$4/dad_transmits" 0 "ipv6/conf/$4/router_solicitations" 0
	ip -n "$1" link set "$2" arp off up
	ip -n "$3" link set "$4" arp off up
}

# box_router HOST - it forwards, and says so when it does not
box_router() {
	topology_sysctl "$1" ipv4/ip_forward 1 ipv6/conf/all/forwarding 1 ipv4/icmp_ratelimit 0 \
		ipv4/icmp_msgs_per_sec 1000000 ipv4/icmp_msgs_burst 1000000 ipv6/icmp/ratelimit 0
}

# box_server HOST [SYSCTL VALUE]... - a kernel that owns all addresses behind mid
box_server() {
	local host=$1
	shift

	ip netns add "$host"
	box_link mid "$host" "$host" up0
	topology_sysctl "$host" core/somaxconn 4096 ipv4/tcp_syncookies 0 ipv4/tcp_fastopen 3 \
		ipv4/tcp_fastopen_key $fastopen_key ipv4/tcp_invalid_ratelimit 0 "$@"
	ip -n "$host" link set lo up
	ip -n "$host" route add local $box_net4.0/24 dev lo
	ip -n "$host" route add local $box_net6:/64 dev lo
	ip -n "$host" route add default dev up0
	ip -n "$host" -6 route add default dev up0
}

# Where mid sends what: to srv, but for the rows that name another host, and what its rules mark.
box_routes() {
	local name host port what v4 v6

	ip -n mid route add default dev up0
	ip -n mid -6 route add default dev up0
	ip -n mid route add $box_net4.0/24 dev srv
	ip -n mid -6 route add $box_net6:/64 dev srv
	while read -r name host port what v4 v6; do
		[ "$host" != srv ] || continue
		ip -n mid route add "$v4" dev "$host"
		ip -n mid -6 route add "$v6" dev "$host"
	done < <(box_rows)
	for v4 in -4 -6; do
		ip -n mid $v4 rule add fwmark $to_new lookup $to_new
		ip -n mid $v4 rule add fwmark $to_both lookup $to_both
		ip -n mid $v4 rule add fwmark $to_proxy lookup $to_proxy
		ip -n mid $v4 route add default dev srvnew table $to_new
		ip -n mid $v4 route add default dev srvboth table $to_both
		ip -n mid $v4 route add local default dev lo table $to_proxy
	done
}

boxes_topology() {
	ip netns add mid
	ip netns add persona
	box_router net
	# towards the scanner it stays a host: a router answers for 2001:2:0:ff:: too
	topology_sysctl net ipv6/conf/net0/forwarding 0
	box_router mid
	# The proxies' own fast open; what SYNPROXY has answered is not known to conntrack.
	topology_sysctl mid ipv4/tcp_fastopen 3 netfilter/nf_conntrack_tcp_loose 0
	ip -n mid link set lo up
	ip -n mid address add 198.19.63.1/32 dev lo
	ip -n mid address add 2001:2:0:3f::1/128 dev lo nodad
	box_link net mid0 mid up0
	box_link net persona0 persona net0
	ip -n net route add $box_net4.0/24 dev mid0
	ip -n net -6 route add $box_net6:/64 dev mid0
	ip -n net route add $persona_net4 dev persona0
	ip -n net -6 route add $persona_net6 dev persona0
	box_server srv
	box_server srv403 ipv4/tcp_fastopen 0x403
	box_server srv203 ipv4/tcp_fastopen 0x203
	box_server srvsyn ipv4/tcp_syncookies 2
	box_server srvnew ipv4/tcp_fastopen_key $new_key
	box_server srvboth ipv4/tcp_fastopen_key "$new_key,$fastopen_key"
	# what fills its queue stays for half an hour
	box_server srvfull ipv4/tcp_synack_retries 10
	box_routes
}

# box_rule WHAT IP ADDRESS PORT - prints mid's rules for one address (IP: ip or ip6) of one row,
# "CHAIN RULE" each. What it keeps in mind it keeps for each address of the scanner.
box_rule() {
	local ip=$2 to="$2 daddr $3 tcp dport $4" from="$2 saddr $3 tcp sport $4" set=${2#ip} rule
	local scanner scanners="198.19.0.2 198.19.0.3 198.19.9.9"
	local pair="$2 saddr . $2 daddr" back="$2 daddr . $2 saddr" data="meta mark $has_data"
	local syn="tcp flags & (syn | ack) == syn" synack="tcp flags & (syn | ack) == syn | ack"
	local tfo="tcp option fastopen exists" exp="tcp option 254 exists"
	local cookie="tcp option fastopen length > 2" strip="reset tcp option fastopen"
	local reject="reject with icmpx admin-prohibited" reset="reject with tcp reset"
	local mark="meta mark set"
	[ $ip = ip ] || scanners="2001:2:0:ff::2 2001:2:0:ff::3 2001:2:0:ff::9"

	case $1 in
	-) ;;
	silent) echo "walls $to drop" ;;
	strip-34) echo "changes $to $syn $strip" ;;
	strip-cookie) echo "changes $to $syn $cookie $strip" ;;
	strip-syn|strip-synack|strip-reject|synproxy) ;;	# boxes_iptables
	drop-option) echo "walls $to $syn $tfo drop"; echo "walls $to $syn $exp drop" ;;
	drop-34) echo "walls $to $syn $tfo drop" ;;
	reset-option) echo "walls $to $syn $tfo $reset"; echo "walls $to $syn $exp $reset" ;;
	reject-option) echo "walls $to $syn $tfo $reject"; echo "walls $to $syn $exp $reject" ;;
	drop-data) echo "walls $to $syn $data drop" ;;
	reset-data) echo "walls $to $syn $data $reset" ;;
	drop-cookie) echo "walls $to $syn $cookie drop" ;;
	drop-second) echo "walls $to $syn $cookie drop"; echo "walls $to $syn $data drop" ;;
	drop-pair) echo "walls $to $syn $cookie $data drop" ;;
	drop-cookie-synack)
		echo "walls $from $synack $cookie drop"
		echo "walls $from $synack $exp drop" ;;
	drop-acceptance)	# the server's answer to data without a new cookie is an acceptance
		echo "walls $to $syn $cookie $data add @brought$set { $pair . tcp sport }"
		rule="tcp option fastopen missing drop"
		echo "walls $from $back . tcp dport @brought$set $rule" ;;
	first-synack)
		for scanner in $scanners; do
			rule="limit rate 1/day burst 1 packets drop"
			echo "walls $from $ip daddr $scanner $synack $rule"
		done ;;
	block-request|block-cookie)
		rule=$tfo
		[ "$1" = block-request ] || rule=$cookie
		echo "walls $to $pair @blocked$set drop"
		echo "walls $to $syn $rule add @blocked$set { $pair }" ;;
	balance)	# one kernel keeps a connection, here and below
		for scanner in $scanners; do
			rule="ct mark set numgen inc mod 2 map { 0 : 0, 1 : $to_new }"
			echo "changes $to $ip saddr $scanner $syn $tfo $rule"
		done
		echo "changes $to ct mark $to_new $mark $to_new" ;;
	rotate)
		echo "changes $to $syn $cookie ct mark set $to_new"
		echo "changes $to ct mark $to_new $mark $to_new" ;;
	rotate-backup)
		echo "changes $to $syn $cookie ct mark set $to_both"
		echo "changes $to ct mark $to_both $mark $to_both" ;;
	proxy) echo "changes $to tproxy $ip to :8080 $mark $to_proxy accept" ;;
	proxy-tfo) echo "changes $to tproxy $ip to :8081 $mark $to_proxy accept" ;;
	proxy-tfo-only)
		echo "changes $to socket transparent 1 $mark $to_proxy accept"
		echo "changes $to $syn $tfo tproxy $ip to :8081 $mark $to_proxy accept" ;;
	*) die "boxes.tbl: no such middlebox: $1" ;;
	esac
}

# boxes_filters - mid's rules, as they are before any packet came: loading them again starts
# every set and limit anew.
boxes_filters() {
	local name host port what v4 v6 words

	while read -r name host port what v4 v6; do
		box_rule "$what" ip "$v4" "$port"
		box_rule "$what" ip6 "$v6" "$port"
	done < <(box_rows) >"$work_dir/box-rules"
	{
		echo "table inet mid"
		echo "delete table inet mid"
		echo "table inet mid {"
		echo " set blocked { typeof ip saddr . ip daddr; flags dynamic; size 1024; }"
		echo " set blocked6 { typeof ip6 saddr . ip6 daddr; flags dynamic; size 1024; }"
		echo " set brought { typeof ip saddr . ip daddr . tcp sport; flags dynamic; size 1024; }"
		echo " set brought6 { typeof ip6 saddr . ip6 daddr . tcp sport; flags dynamic; size 1024; }"
		# A SYN with data is one that is longer than its headers.
		echo " chain sizes { type filter hook prerouting priority raw;"
		for words in {5..15}; do
			echo "  meta nfproto ipv4 tcp doff $words meta length > $((20 + 4 * words)) \\"
			echo "   meta mark set $has_data"
			echo "  meta nfproto ipv6 tcp doff $words meta length > $((40 + 4 * words)) \\"
			echo "   meta mark set $has_data"
		done
		echo " }"
		echo " chain changes { type filter hook prerouting priority mangle;"
		sed -n 's/^changes / /p' "$work_dir/box-rules"
		echo " }"
		echo " chain walls { type filter hook forward priority filter;"
		sed -n 's/^walls / /p' "$work_dir/box-rules"
		echo " }"
		echo "}"
	} | in_mid nft -f -
}

# What takes both option kinds out is TCPOPTSTRIP: nft can match 254, but not that it is TFO. And
# SYNPROXY of ip6tables sees IPv6 checksums for what they are.
boxes_iptables() {
	local name host port what v4 v6 command address reject

	while read -r name host port what v4 v6; do
		for command in iptables ip6tables; do
			address=$v4 reject=icmp-admin-prohibited
			[ $command = iptables ] || address=$v6 reject=icmp6-adm-prohibited
			box_iptables "$what" "$address" $reject | while read -r rule; do
				in_mid $command $rule
			done
		done
	done < <(box_rows)
}

# box_iptables WHAT ADDRESS REJECT - prints the rules of one address of one row
box_iptables() {
	local strip="TCPOPTSTRIP --strip-options 34,254"

	case $1 in
	strip-syn) echo "-t mangle -A PREROUTING -d $2 -p tcp -j $strip" ;;
	strip-synack) echo "-t mangle -A PREROUTING -s $2 -p tcp -j $strip" ;;
	strip-reject)
		echo "-t mangle -A PREROUTING -d $2 -p tcp -j $strip"
		echo "-A FORWARD -d $2 -j REJECT --reject-with $3" ;;
	synproxy)
		echo "-t raw -A PREROUTING -d $2 -p tcp --syn -j CT --notrack"
		echo "-A FORWARD -d $2 -p tcp -m conntrack --ctstate INVALID,UNTRACKED \
			-j SYNPROXY --mss 1400 --wscale 9 --sack-perm"
		echo "-A FORWARD -d $2 -m conntrack --ctstate INVALID -j DROP" ;;
	esac
}

# The transparent proxies: each connects to where its client wanted to go, with fast open or not.
boxes_haproxy() {
	cat >"$work_dir/haproxy.cfg" <<-END
		global
			maxconn 256
		defaults
			mode tcp
			timeout connect 5s
			timeout client 5s
			timeout server 5s
		listen plain
			bind 0.0.0.0:8080 transparent
			bind [::]:8080 v6only transparent
			server there 0.0.0.0
		listen fast
			bind 0.0.0.0:8081 transparent tfo
			bind [::]:8081 v6only transparent tfo
			server there 0.0.0.0
	END
	server_start mid haproxy 'Loading success' haproxy -W -db -f "$work_dir/haproxy.cfg"
}

boxes_personas() {
	local words

	mapfile -t words < <(awk '/^[^ \t#]/ && $2 == "persona" { print $4 }' "$lab_dir/boxes.tbl")
	lab_program persona "$lab_dir"/persona*.c
	server_start persona persona ready "$work_dir/persona" net0 "${words[@]}"
}

boxes_up() {
	local host

	boxes_topology
	boxes_filters
	boxes_iptables
	boxes_haproxy
	boxes_personas
	# A proxy sends the last data of a connection together with its end, which waits: so behind
	# one, at port 11, connections stay open.
	server_start srv listener-srv ready "$work_dir/listener" 7:1024 9:0 11:0:open
	for host in srv203 srvsyn srvnew srvboth; do
		server_start $host listener-$host ready "$work_dir/listener" 7:1024
	done
	server_start srv403 listener-srv403 ready "$work_dir/listener" 7:0
	server_start srvfull listener-srvfull ready "$work_dir/listener" 7:3
}
