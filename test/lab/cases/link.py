"""What a scan finds out by itself: interface, source address, gateway, neighbours on the local link;
and links that are not Ethernet, or tagged."""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager

from harness import (HOSTS, LAB, QUICK, TFOMAP, WORK, Skip, Tap, by_target, captured, case,
	check_rows, equal, finish, fresh_filters, host, inside, needs, read_rows, shell, spell, tfomap,
	truth)
from .rows import same_replies
from .targets import PLAIN

HERE4, THERE4 = "198.19.1.2", "198.19.1.1"  # the two ends of the cable of bare()
HERE6, THERE6 = "2001:2:0:fe::2", "2001:2:0:fe::1"
THERE_MAC, LINK_LOCAL = "02:00:00:00:01:01", "fe80::1"
BOTH = [host("nginx"), host("nginx", 1)]
RAW_ONLY = ("setpriv", "--bounding-set", "-all,+net_raw", "--inh-caps", "-all")


# ---- a host that has nothing ----

@contextmanager
def bare(setup=""):
	"""A host on a cable of its own to the servers, as a container begins: nothing is in its
	neighbour cache. setup: what it has beside the cable; lines for bash."""
	try:
		shell(f"""ip netns add bare
			ip link add bare0 netns bare type veth peer name net1 address {THERE_MAC} netns net
			topology_sysctl bare ipv6/conf/bare0/dad_transmits 0 \\
				ipv6/conf/bare0/router_solicitations 0
			topology_sysctl net ipv6/conf/net1/dad_transmits 0 ipv4/conf/net1/rp_filter 0
			ip -n bare link set lo up
			ip -n net link set net1 up
			ip -n bare link set bare0 up
			ip -n net address add {THERE4}/24 dev net1
			ip -n net address add {THERE6}/64 dev net1 nodad
			ip -n net address add {LINK_LOCAL}/64 dev net1 nodad
			{setup}""")
		yield
	finally:
		shell("ip -n net link del net1 || true; ip netns del bare")


ADDRESSES = f"""ip -n bare address add {HERE4}/24 dev bare0
	ip -n bare address add {HERE6}/64 dev bare0 nodad
	"""
GATEWAYS = f"""ip -n bare route add default via {THERE4}
	ip -n bare route add default via {THERE6}
	"""


def start_bare(*args, prefix=(), quick=True):
	args = (QUICK if quick else []) + list(args)
	return subprocess.Popen(["ip", "netns", "exec", "bare", *prefix, TFOMAP,
		*map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
		stderr=subprocess.PIPE, text=True)


def run_bare(*args, expect=0, prefix=(), quick=True):
	run = finish(start_bare(*args, prefix=prefix, quick=quick))
	assert expect is None or run.status == expect, \
		f"exit status {run.status}, not {expect}: {' '.join(map(str, args))}\n{run.err[-2000:]}"
	return run


def verdicts(run):
	return {spell(target): row["verdict"] for target, row in by_target(run.rows).items()}


def all_accepted(run, targets=BOTH):
	equal(verdicts(run), dict.fromkeys(targets, "accepted"), "verdicts")


def refused(*args, words, expect=2):
	before = truth.syn_counters()
	run = run_bare(*args, expect=expect)
	equal(truth.syn_counters(), before, "SYNs at the far end before and after")
	for word in words:
		assert word in run.err, f"the message does not say {word}: {run.err}"
	return run


@contextmanager
def empty_cache():
	"""The scanner of all other cases, without what it knows of its neighbours"""
	shell("ip -n scan neigh flush nud permanent dev scan0; ip -n scan neigh flush dev scan0")
	try:
		yield
	finally:
		shell("topology_scan_up")


# ---- the gateway ----

@case("link/address-and-route")
def nothing_but_an_address_and_a_default_route():
	# The lab's addresses are special-purpose ranges: without that option they are refused.
	with bare(ADDRESSES + GATEWAYS):
		run = run_bare("--no-default-blocklist", host("nginx"), quick=False)
		all_accepted(run, [host("nginx")])


@case("link/empty-cache")
def the_gateway_is_asked_for():
	with bare(ADDRESSES + GATEWAYS):
		run = run_bare(*BOTH, prefix=RAW_ONLY)
		all_accepted(run)
		for engine in ("packet", "libnet"):
			shell("ip -n bare neigh flush dev bare0")
			all_accepted(run_bare(*BOTH, "--tx", engine))


@case("link/stale-cache")
def what_the_kernel_is_not_sure_of_is_asked_for():
	wrong = "lladdr 02:00:00:00:99:99 dev bare0 nud"
	with bare(ADDRESSES + GATEWAYS):
		shell(f"""ip -n bare neigh replace {THERE4} {wrong} stale
			ip -n bare neigh replace {THERE6} {wrong} stale""")
		all_accepted(run_bare(*BOTH))
		# What it is sure of is not.
		shell(f"""ip -n bare neigh replace {THERE4} {wrong} permanent
			ip -n bare neigh replace {THERE6} {wrong} permanent""")
		equal(run_bare(*BOTH).rows, [], "rows")


@case("link/silent-gateway")
def a_gateway_that_does_not_answer():
	with bare(ADDRESSES + "ip -n bare route add default via 198.19.1.9"):
		refused(host("nginx"), words=["198.19.1.9", "bare0", "ARP", "--gateway-mac"])
		shell(f"ip -n bare route add default via {THERE6}")
		refused(*BOTH, words=["198.19.1.9", "--ipv6, another --interface"])
		all_accepted(run_bare(*BOTH, "--ipv6"), [BOTH[1]])
		all_accepted(run_bare(host("nginx"), "-G", THERE_MAC), [host("nginx")])


@case("link/no-route")
def no_way_out():
	with bare(ADDRESSES):
		refused(host("nginx"), words=["no route", host("nginx").split(":")[0]])
		# Named by hand, a route is not needed.
		all_accepted(run_bare(*BOTH, "-i", "bare0", "-G", THERE_MAC, "-S",
			f"{HERE4},{HERE6}"))
		refused(host("nginx"), "-i", "bare0", words=["bare0", "--gateway-mac"])
		shell("ip -n net link set net1 down")
		refused(host("nginx"), "-i", "bare0", words=["bare0", "carrier"])


@case("link/gateway-of-the-link")
def the_gateway_has_a_link_local_address():
	with bare(ADDRESSES + f"""ip -n bare route add default via {LINK_LOCAL} dev bare0
			ip -n bare -4 route add default via inet6 {LINK_LOCAL} dev bare0"""):
		all_accepted(run_bare(*BOTH))


# Hosts that all answer, in either family, for some seconds.
LASTING = ["--no-default-blocklist", "198.18.64.0/22", "2001:2:0:18::6:0/118", "-p", PLAIN,
	"-r", 300, "--report", "all", "-c", 3, "--retries", 0]
LASTING_TARGETS = 2048
MOVED_MAC = "02:00:00:00:01:77"
FILTERED = "table netdev silent"


@contextmanager
def lasting(*args, timeout=3):
	"""A scan of those that has begun: (process, file of its metadata)"""
	record = f"{WORK}/lasting.json"
	tap = Tap("net1")
	process = start_bare(*LASTING, *args, "--timeout", timeout, "-m", record, quick=False)
	try:
		tap.wait_syns(200)
		yield process, record
	finally:
		process.kill()
		process.wait(20)


def check_lasting(run, record):
	"""No row is wrong, and who has none is told; what the metadata counts"""
	equal(run.status, 0, "exit status: " + run.err)
	counted = counters(record)
	equal({row["verdict"] for row in run.rows}, {"no-cookie"}, "verdicts: " + run.err)
	equal(len(run.rows) + counted["unfinished"], LASTING_TARGETS, "rows, and targets without one")
	assert counted["unfinished"] <= counted["sent_astray"] < LASTING_TARGETS // 2, counted
	return counted


def heard(process, words):
	"""What it says on stderr, as far as those words"""
	told = ""
	while words not in told:
		more = os.read(process.stderr.fileno(), 4096)
		assert more, f"it ended without `{words}`: {told}"
		told += more.decode()
	return told


def moved(run, mac, family=0):
	address = (THERE4, THERE6)[family]
	return f"gateway {address} moved from {mac} to {MOVED_MAC}" in run.err


def _needs(engine):
	run = run_bare("198.18.64.0/30", "-p", PLAIN, "--tx", engine, expect=None)
	if run.status:
		raise Skip(run.err.strip())


@case("link/gateway-moves")
def another_router_takes_the_address_over():
	with bare(ADDRESSES + GATEWAYS), lasting() as (process, record):
		shell(f"ip -n net link set net1 address {MOVED_MAC}")
		run = finish(process)
		counted = check_lasting(run, record)
		assert moved(run, THERE_MAC) and moved(run, THERE_MAC, 1), run.err
		equal(counted["gateway_moves"], 2, "gateway_moves")
		assert counted["sent_astray"] > 0 and counted["sent_gateway"] > 0, counted


@case("link/gateway-moves-path")
def no_verdict_of_a_pair_comes_of_it():
	"""However soon silence counts, it does not before the gateway was heard again."""
	with bare(ADDRESSES + GATEWAYS), \
			lasting("--plan", "path", "--confirm", 0, "-n", "50%", timeout=0.3) as (process, record):
		shell(f"ip -n net link set net1 address {MOVED_MAC}")
		run = finish(process)
		equal({row["verdict"] for row in run.rows}, {"no-cookie"}, "verdicts: " + run.err)
		counted = counters(record)
		equal(len(run.rows) + counted["unfinished"], LASTING_TARGETS // 2, "rows and unfinished")
		assert len(run.rows) > LASTING_TARGETS // 4, len(run.rows)


def _sweep_in_the_kernel_follows(engine):
	with bare(ADDRESSES + GATEWAYS):
		shell("ip netns exec net ethtool -K net1 gro on")
		_needs(engine)
		with lasting("--tx", engine) as (process, record):
			shell(f"ip -n net link set net1 address {MOVED_MAC}")
			run = finish(process)
			equal(check_lasting(run, record)["gateway_moves"], 2, "gateway_moves")


for _engine in ("xdp", "tc"):
	case(f"link/gateway-moves-{_engine}")(lambda engine=_engine: _sweep_in_the_kernel_follows(engine))


@case("link/gateway-moves-in-the-table")
def somebody_moves_the_gateway_by_hand():
	table = "".join(f"ip -n bare neigh replace {ip} lladdr %s dev bare0 nud permanent\n"
		for ip in (THERE4, THERE6))
	with bare(ADDRESSES + GATEWAYS + table.replace("%s", THERE_MAC)), \
			lasting() as (process, record):
		shell(f"ip -n net link set net1 address {MOVED_MAC}\n" + table.replace("%s", MOVED_MAC))
		run = finish(process)
		assert moved(run, THERE_MAC) and moved(run, THERE_MAC, 1), run.err
		equal(counters(record)["gateway_moves"], 2, "gateway_moves")
		equal(counters(record)["sent_gateway"], 0, "sent_gateway")
		assert len(run.rows) > LASTING_TARGETS // 2, len(run.rows)


def silence(process, rule):
	"""The gateway hears nothing of what the rule drops until the scan sees that; returns its messages"""
	shell(f"""ip netns exec net nft '{FILTERED} {{ chain in {{
		type filter hook ingress device net1 priority 0; {rule}; }}; }}'""")
	said = heard(process, "the scan waits for it")
	shell(f"ip netns exec net nft delete {FILTERED}")
	return said


@case("link/gateway-pauses")
def the_gateway_is_silent_for_a_while():
	with bare(ADDRESSES + GATEWAYS), lasting() as (process, record):
		told = silence(process, "policy drop")
		run = finish(process)
		run.err = told + run.err
		counted = check_lasting(run, record)
		assert "answers again" in run.err, run.err
		equal(counted["gateway_moves"], 0, "gateway_moves")
		assert counted["waits_gateway"] > 0, counted


@case("link/gateway-pauses-checkpoint")
def who_has_no_row_for_that_is_asked_when_the_run_goes_on():
	needs("--checkpoint")
	rows, state = f"{WORK}/lasting.csv", f"{WORK}/lasting.state"
	keep = ["-o", rows, "--checkpoint", state]
	with bare(ADDRESSES + GATEWAYS):
		with lasting(*keep) as (process, record):
			told = silence(process, "policy drop")
			run = finish(process)
		equal(run.status, 0, "exit status: " + told + run.err)
		left = counters(record)["unfinished"]
		assert left > 0 and "run the same command again" in run.err, run.err
		run = finish(start_bare(*LASTING, *keep, "--timeout", 3, "-m", record, quick=False))
		equal(run.status, 0, "exit status: " + run.err)
		with open(rows, newline="") as f:
			found = read_rows(f.read())
		equal({row["verdict"] for row in found}, {"no-cookie"}, "verdicts")
		equal(len(by_target(found)), LASTING_TARGETS, "targets")
		equal(len(found), LASTING_TARGETS, "rows")
		equal(counters(record)["unfinished"], 0, "unfinished, says the metadata")


@case("link/gateway-of-one-family")
def the_gateway_of_one_family_is_silent():
	"""What comes by way of the other one proves nothing of it."""
	with bare(ADDRESSES + GATEWAYS), lasting(timeout=0.3) as (process, record):
		told = silence(process, "ether type ip6 drop")
		run = finish(process)
		assert f"gateway {THERE6} " in told and f"gateway {THERE4} " not in told, told
		equal({row["verdict"] for row in run.rows}, {"no-cookie"}, "verdicts")
		equal(len(run.rows) + counters(record)["unfinished"], LASTING_TARGETS, "rows and unfinished")


@case("link/gateway-by-hand")
def a_gateway_of_the_users_is_not_followed():
	with bare(ADDRESSES + GATEWAYS):
		run = run_bare(*BOTH, "-G", THERE_MAC, "-m", f"{WORK}/metadata")
		all_accepted(run)
		equal(counters(f"{WORK}/metadata")["sent_gateway"], 0, "sent_gateway")


# ---- neighbours on the local link ----

# net answers for 16 more addresses, in either family
STATIONS = """ip -n net route replace local 198.19.0.16/28 dev lo
	for i in {0..15}; do
		ip -n net address replace $(printf 2001:2:0:ff::1%x $i)/64 dev net0 nodad
	done"""
NO_STATIONS = """ip -n net route del local 198.19.0.16/28 dev lo
	for i in {0..15}; do
		ip -n net address del $(printf 2001:2:0:ff::1%x $i)/64 dev net0
	done"""


@contextmanager
def neighbours():
	shell(STATIONS)
	try:
		with empty_cache():
			yield
	finally:
		shell(NO_STATIONS)


def counters(path):
	with open(path) as f:
		return {k: v for group in json.load(f)["counters"].values() for k, v in group.items()}


@case("link/one-neighbour")
def a_single_target_on_the_link():
	with neighbours():
		for target in (f"198.19.0.17:{PLAIN}", f"[2001:2:0:ff::11]:{PLAIN}"):
			run, capture = captured(target)
			check_rows(run, capture)
			equal(verdicts(run), {target: "no-cookie"}, "verdicts")


@case("link/neighbours")
def targets_on_the_link_and_behind_the_gateway():
	record = f"{WORK}/metadata"
	with neighbours():
		run, capture = captured("198.19.0.0/26", "2001:2:0:ff::/123", "198.18.42.0/28",
			"2001:2:0:18::5:0/124", "-p", PLAIN, "--report", "all", "--retries", 1,
			"-m", record)
	there = {(f"198.19.0.{n}", PLAIN) for n in [1, *range(16, 32)]}
	there |= {(f"2001:2:0:ff::{n:x}", PLAIN) for n in [1, *range(16, 32)]}
	routed = {(f"198.18.42.{n}", PLAIN) for n in range(16)}
	routed |= {("2001:2:0:18::5:" + f"{n:x}", PLAIN) for n in range(16)}
	rows = by_target(run.rows)
	equal(set(capture.flows), there | routed, "targets that were sent to")
	equal({t for t, row in rows.items() if row["verdict"] == "no-cookie"}, there | routed,
		"targets that answered")
	silent = [row for t, row in rows.items() if t not in there | routed]
	equal(len(rows), 64 - 1 + 32 - 1 + 32, "rows, without this host's own addresses")
	equal({(row["verdict"], row["probes"], row["time_sent"]) for row in silent},
		{("offline", "0", "")}, "rows of who is not there")
	equal(counters(record)["no_neighbour"], len(silent), "no_neighbour")
	equal(counters(record)["sent_request"], len(there | routed), "sent_request")


@case("link/nobody")
def nobody_is_there():
	with neighbours():
		before = truth.syn_counters()
		run = tfomap("198.19.0.200", "-p", PLAIN)
		equal(run.rows, [], "rows")
		equal(truth.syn_counters(), before, "SYNs")
		assert "1 of 1 address on the local link of scan0" in run.err, run.err


@case("link/sample")
def only_who_is_probed_is_asked_for():
	with bare(ADDRESSES + "ip -n bare route add 198.18.0.0/15 dev bare0"):
		run = run_bare("198.18.0.0/15", "-p", PLAIN, "-n", 20)
		equal(len(run.rows), len([r for r in run.rows if r["verdict"] == "no-cookie"]), "rows")
		told = re.search(r"(\d+) of (\d+) address(?:es)? on the local link", run.err)
		if told:
			assert int(told[2]) <= 20, run.err
		refused("198.18.0.0/15", "-p", PLAIN, words=["131071", "65536", "bare0", "--gateway-mac"])


# ---- source addresses and rules ----

@case("link/two-sources")
def two_addresses_of_its_own():
	second = "198.19.1.3"
	with bare(ADDRESSES + GATEWAYS + f"ip -n bare address add {second}/24 dev bare0"):
		run = run_bare("198.18.43.0/27", "-p", HOSTS["listener"].port, "-S", f"{HERE4},{second}")
		equal({row["verdict"] for row in run.rows}, {"accepted"}, "verdicts")
		equal(len(run.rows), 32, "rows")
		equal({row["source_ip"] for row in run.rows}, {HERE4, second}, "sources in use")


@case("link/rules")
def a_rule_for_the_source_address():
	rule = f"ip -n bare rule add from {HERE4} lookup 5; ip -n bare -6 rule add from {HERE6} " \
		f"lookup 5\nip -n bare route add default via {THERE4} dev bare0 table 5\n" \
		f"ip -n bare route add default via {THERE6} dev bare0 table 5\n"
	with bare(ADDRESSES + rule):
		refused(host("nginx"), words=["no route"])
		all_accepted(run_bare(*BOTH, "-S", f"{HERE4},{HERE6}"))
		# Another address has no route; and then one by another gateway, or interface.
		shell("ip -n bare address add 198.19.1.3/24 dev bare0")
		refused(host("nginx"), "-S", f"{HERE4},198.19.1.3", words=["198.19.1.3", "--source-ip"])
		shell("ip -n bare route add default via 198.19.1.7 dev bare0")
		refused(host("nginx"), "-S", f"{HERE4},198.19.1.3",
			words=["198.19.1.3", "different gateways", "--source-ip"])
		shell("""ip -n bare link add other0 type veth peer name other1
			ip -n bare link set other0 up; ip -n bare link set other1 up
			ip -n bare address add 198.19.2.2/24 dev other0
			ip -n bare route replace default via 198.19.2.1 dev other0""")
		refused(host("nginx"), "-S", f"{HERE4},198.19.1.3",
			words=["198.19.1.3", "different interfaces", "--interface"])


# ---- other links ----

@contextmanager
def relay(*args):
	process = subprocess.Popen([sys.executable, "-B", f"{LAB}/relay.py", *map(str, args)],
		stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
	try:
		equal(process.stdout.readline(), "ready\n", "relay")
		yield
	finally:
		process.stdin.close()
		process.wait(20)


@case("link/vlan")
def inside_a_vlan():
	needs("--vlan")
	here, there, mac = "198.19.7.2", "198.19.7.1", "02:00:00:00:07:01"
	record = f"{WORK}/metadata"
	with bare(f"""ip link add acc0 address {mac} netns net type veth peer name acc1 netns net
			topology_sysctl net ipv6/conf/acc0/dad_transmits 0
			ip -n net link set acc0 up; ip -n net link set acc1 up
			ip -n net address add {there}/24 dev acc0
			ip -n net address add 2001:2:0:fd::1/64 dev acc0 nodad
			"""), relay("vlan", 7, "net", "net1", "acc1"):
		try:
			sources = f"{here},2001:2:0:fd::2"
			args = [*BOTH, "-i", "bare0", "-S", sources, "-m", record]
			# Before it has that, the gateway cannot ask for anybody.
			truth.wait_for(lambda: "fe80:" in subprocess.run("ip -n net -6 address show dev acc0 "
				"-tentative".split(), stdout=subprocess.PIPE, text=True).stdout,
				"a link-local address")
			run = run_bare(*args, "-G", mac, "--vlan", 7)
			all_accepted(run)
			equal(counters(record)["sent_cleanup"], 6, "resets of its own, an ACK before those of data")
			# Nobody else owns the sources, inside the VLAN.
			assert counters(record)["sent_neighbour"] >= 2, counters(record)
			# The gateway that a route names is asked for inside the VLAN.
			shell(f"""ip -n bare route add default via {there} dev bare0 onlink
				ip -n bare address add 2001:2:0:fd::3/128 dev bare0 nodad
				ip -n bare route add default via 2001:2:0:fd::1 dev bare0 onlink""")
			all_accepted(run_bare(*args, "--vlan", 7))
			refused(*args, "--vlan", 8, words=[there, "--gateway-mac"])
			refused(*BOTH, "-i", "bare0", "--vlan", 7, words=["--vlan 7", "--source-ip"])
			equal(run_bare(*args, "-G", mac).rows, [], "rows of a scan without tags")
		finally:
			shell("ip -n net link del acc0")


@case("link/tun")
def packets_without_link_header():
	try:
		os.close(os.open("/dev/net/tun", os.O_RDWR))
	except OSError as error:
		raise Skip(f"/dev/net/tun: {error.strerror}")
	saved = f"{WORK}/saved.pcap"
	record = f"{WORK}/metadata"
	with bare(), relay("tun", "bare", "tun0", "net", "tun1"):
		shell("""topology_sysctl bare ipv6/conf/tun0/dad_transmits 0
			topology_sysctl net ipv6/conf/tun1/dad_transmits 0 ipv4/conf/tun1/rp_filter 0
			ip -n bare link set tun0 up; ip -n net link set tun1 up
			ip -n bare address add 198.19.5.2/30 dev tun0
			ip -n net address add 198.19.5.1/30 dev tun1
			ip -n bare address add 2001:2:0:fc::2/64 dev tun0 nodad
			ip -n net address add 2001:2:0:fc::1/64 dev tun1 nodad
			ip -n bare route add default dev tun0
			ip -n bare route add default via 2001:2:0:fc::1""")
		run = run_bare(*BOTH, "--save-pcap", saved, "-m", record, "--rows", "reply")
		equal({row["tfo_acked"] != "0" for row in run.rows}, {True, False}, "SYN data acked")
		equal(len(run.rows), 4, "replies")
		kinds = subprocess.run(["tshark", "-n", "-r", saved, "-T", "fields", "-e",
			"frame.protocols"], check=True, capture_output=True, text=True).stdout
		equal({line.split(":")[0] for line in kinds.splitlines()}, {"raw"}, "link in the capture")
		with open(record) as f:
			told = json.load(f)
		again = run_bare(*BOTH, "--rx", f"pcap:{saved}", "--key", told["key"], "--seed",
			told["seed"], "--rows", "reply", "-m", record)
		same_replies(again.rows, run.rows)
		with open(record) as f:
			equal((told["receiver"], json.load(f)["receiver"]), ("pcap", None), "receivers")
		all_accepted(run_bare(*BOTH, "-i", "tun0"))
		refused(*BOTH, "--tx", "libnet", words=["tun0", "--tx packet"])


# Hardware types of layer-3 links: their names, numbers, and how long the kernel's addresses are.
TUNNELS = [("none", 0xfffe, 0), ("ip6tnl", 769, 16), ("ip6gre", 823, 16), ("ipip", 768, 4),
	("sit", 776, 4), ("gre", 778, 4), ("ppp", 512, 0)]


@case("link/tunnels")
def layer_three_links_of_other_types():
	"""The kernel's rules for packet sockets go by a device's type and the length of its addresses:
	a tun device that takes a tunnel's has its rules. The message names the interface."""
	try:
		os.close(os.open("/dev/net/tun", os.O_RDWR))
	except OSError as error:
		raise Skip(f"/dev/net/tun: {error.strerror}")
	for name, number, length in TUNNELS:
		with bare(), relay("tun", "bare", "tun0", "net", "tun1", number):
			shell("""topology_sysctl net ipv6/conf/tun1/dad_transmits 0 ipv4/conf/tun1/rp_filter 0
				ip -n bare link set tun0 up; ip -n net link set tun1 up
				ip -n bare address add 198.19.5.2/30 dev tun0
				ip -n net address add 198.19.5.1/30 dev tun1
				ip -n bare address add 2001:2:0:fc::2/64 dev tun0 nodad
				ip -n net address add 2001:2:0:fc::1/64 dev tun1 nodad
				ip -n bare route add default dev tun0
				ip -n bare -6 route replace default dev tun0""")
			told = subprocess.run("ip netns exec bare cat /sys/class/net/tun0/addr_len".split(),
				check=True, stdout=subprocess.PIPE, text=True).stdout
			equal(int(told), length, f"{name}: length of an address")
			all_accepted(run_bare(*BOTH, "--tx", "packet"))
			all_accepted(run_bare(*BOTH, "--plan", "path"))


@case("link/iplayer")
def iplayer_is_for_links_without_a_header():
	needs("--iplayer")
	with bare(ADDRESSES + GATEWAYS):
		refused(*BOTH, "-X", words=["--iplayer", "bare0", "Ethernet"])
		saved = f"{WORK}/written.pcap"
		run_bare(*BOTH, "-X", "--tx", f"pcap:{saved}", "--retries", 0)
		kinds = subprocess.run(["tshark", "-n", "-r", saved, "-T", "fields", "-e",
			"frame.protocols"], check=True, capture_output=True, text=True).stdout
		equal(sorted(kinds.split()), ["raw:ip:tcp", "raw:ipv6:tcp"], "packets")


@case("link/list-interfaces")
def the_interfaces_that_there_are():
	needs("--list-interfaces")
	with bare(ADDRESSES + GATEWAYS):
		lines = subprocess.run(["ip", "netns", "exec", "bare", TFOMAP, "--list-interfaces"],
			check=True, capture_output=True, text=True).stdout.splitlines()
	mine = [line for line in lines if "bare0" in line]
	equal(len(mine), 1, "lines about bare0")
	assert mine[0].startswith("*"), f"the default route is not told: {mine[0]}"
	for word in ("up", "1500", f"{HERE4}/24", f"{HERE6}/64"):
		assert word in mine[0], f"no {word}: {mine[0]}"
	assert any("lo" in line and "65536" in line and "127.0.0.1/8" in line for line in lines), lines


# ---- a router that knows a better way ----

@contextmanager
def redirecting():
	"""The scanner's router has to send everything on to the link that it came from, to the
	servers' host, and says so in ICMP redirects."""
	try:
		shell(f"""ip netns add bare
			ip netns add router
			ip -n router link add br0 type bridge
			ip link add bare0 netns bare type veth peer name port0 netns router
			ip link add net1 address {THERE_MAC} netns net type veth peer name port1 netns router
			topology_sysctl net ipv4/conf/net1/rp_filter 0
			topology_sysctl router ipv4/ip_forward 1 ipv4/conf/all/send_redirects 1 \\
				ipv4/conf/br0/send_redirects 1 ipv4/conf/all/rp_filter 0 \\
				ipv4/icmp_ratelimit 0
			for port in port0 port1; do
				ip -n router link set $port master br0 up
			done
			ip -n router link set br0 up
			ip -n net link set net1 up
			ip -n bare link set bare0 up
			ip -n router address add 198.19.1.3/24 dev br0
			ip -n net address add {THERE4}/24 dev net1
			ip -n bare address add {HERE4}/24 dev bare0
			ip -n router route add default via {THERE4}
			ip -n bare route add default via 198.19.1.3""")
		yield
	finally:
		shell("ip -n net link del net1 || true; ip netns del router || true; ip netns del bare")


def redirects_sent():
	with inside("router"), open("/proc/net/snmp") as f:
		names, values = (line.split() for line in f if line.startswith("Icmp:"))
	return int(values[names.index("OutRedirects")])


@case("link/redirect")
def a_redirect_is_no_answer():
	with redirecting():
		fresh_filters()
		run = run_bare(host("lossy"), "--retries", 1)  # the first SYN is lost
		assert redirects_sent() > 0, "the router sent no redirect"
		all_accepted(run, [host("lossy")])
		equal(run.rows[0]["probes"], "3", "SYNs: two requests, and the data")
