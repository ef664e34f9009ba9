"""Targets that a scan has no way to: left out, counted and said, while the rest is scanned; this
host's own addresses; one family only."""

import json
import subprocess
from contextlib import contextmanager

from harness import SCAN4, SCAN6, WORK, case, equal, host, shell, tfomap
from .link import (ADDRESSES, BOTH, GATEWAYS, HERE4, HERE6, THERE4, THERE6, all_accepted, bare,
	refused, run_bare, verdicts)
from .targets import NAME, PLAIN, sent_nothing

V4, V6 = BOTH
RECORD = f"{WORK}/ways.json"


def counts():
	with open(RECORD) as f:
		return json.load(f)["targets"]


def left_out(**want):
	"""What the metadata counts, beside what was scanned"""
	names = ("other_family", "own_address", "no_route")
	told = counts()
	equal({name: told[name] for name in names}, {name: want.get(name, 0) for name in names},
		"targets left out")
	equal(told["of_this_run"], told["total"], "targets of the run")


def says(run, *words):
	for word in words:
		assert word in run.err, f"the messages do not say {word!r}: {run.err}"


# ---- families ----

@case("ways/one-family")
def a_family_without_a_route():
	"""A name with both kinds of address, on a host of one family"""
	for family, gateway, without in ((0, THERE4, V6), (1, THERE6, V4)):
		with bare(ADDRESSES + f"ip -n bare route add default via {gateway}"):
			run = run_bare(*BOTH, "-m", RECORD)
			all_accepted(run, [BOTH[family]])
			left_out(no_route=1)
			says(run, f"1 IPv{4 if family else 6} target left out", "no route to",
				without.rpartition(":")[0].strip("[]"), "unreachable")
			all_accepted(run_bare(NAME, "-p", 80), [BOTH[family]])
			# Asked for, it is missing.
			refused(*BOTH, "-4" if family else "-6", words=["no route to"])
			# Shards have to have the same targets.
			refused(*BOTH, "--shards", 2, "--shard", 0, "-e", 1, words=["shards", "--ipv4"])


@case("ways/no-address")
def a_family_without_an_address():
	with bare(f"""ip -n bare address add {HERE4}/24 dev bare0
			ip -n bare route add default via {THERE4}
			ip -n bare -6 address flush dev bare0
			ip -n bare -6 route add default via fe80::1 dev bare0"""):
		run = run_bare(*BOTH, "-m", RECORD)
		all_accepted(run, [V4])
		left_out(no_route=1)
		says(run, "1 IPv6 target left out")


@case("ways/two-interfaces")
def families_by_different_interfaces():
	with bare(ADDRESSES + f"""ip -n bare route add default via {THERE4}
			ip -n bare link add other0 type veth peer name other1
			ip -n bare link set other0 up; ip -n bare link set other1 up
			ip -n bare address add 2001:2:0:fb::2/64 dev other0 nodad
			ip -n bare route add default via 2001:2:0:fb::1"""):
		run = run_bare(*BOTH, "-m", RECORD)
		all_accepted(run, [V4])
		left_out(no_route=1)
		says(run, "1 IPv6 target left out", "other0", "bare0", "--ipv6")
		# The family of more targets stays: nobody answers there.
		run = run_bare(*BOTH, host("knot", 1), "-m", RECORD, "-G", "02:00:00:00:07:07")
		equal(run.rows, [], "rows")
		left_out(no_route=1)
		says(run, "1 IPv4 target left out")
		all_accepted(run_bare(*BOTH, host("knot", 1), "-4"), [V4])


@case("ways/option")
def one_family_only():
	for option, family, other in (("-4", 0, 6), ("--ipv6", 1, 4)):
		run = tfomap(NAME, "-p", 80, *BOTH, option, "-m", RECORD)
		all_accepted(run, [BOTH[family]])
		left_out(other_family=1)
		says(run, "other family")
	# Of prefixes and lists as well, and with any number of the other family.
	lines = f"{WORK}/lines"
	with open(lines, "w") as f:
		print(*BOTH, sep="\n", file=f)
	run = tfomap("-4", "198.18.42.0/28", "2001:2::/32", "-I", lines, "-p", PLAIN, "-m", RECORD)
	equal(len(run.rows), 17, "rows")
	assert counts()["other_family"] > 2 ** 62, counts()
	run = sent_nothing("-6", V4, expect=1)
	says(run, "no target is left of 1", "--ipv6")
	run = sent_nothing("-6", "-4", V4, expect=1)
	says(run, "--ipv4 with --ipv6")


# ---- on the link and beyond ----

@case("ways/no-gateway")
def what_is_not_on_the_link_has_no_gateway():
	with bare(ADDRESSES):
		for args in ((), ("-i", "bare0")):
			run = run_bare(f"{THERE4}:{PLAIN}", f"[{THERE6}]:{PLAIN}", *BOTH, "-m", RECORD, *args)
			equal(verdicts(run), {f"{THERE4}:{PLAIN}": "no-cookie",
				f"[{THERE6}]:{PLAIN}": "no-cookie"}, "verdicts")
			left_out(no_route=2)
			says(run, "1 IPv4 target left out", "1 IPv6 target left out", "no route to")


# ---- own addresses ----

@case("ways/own-beside")
def own_addresses_among_others():
	# An address, a prefix of addresses (AnyIP), and those that every host has.
	shell("ip -n scan route add local 198.19.24.0/30 dev lo")
	try:
		run = tfomap("198.19.0.0/30", "2001:2:0:ff::/126", "198.19.24.0/29", "-p", PLAIN, "-m",
			RECORD, "--report", "all", "-G", "02:00:00:00:00:01")
	finally:
		shell("ip -n scan route del local 198.19.24.0/30 dev lo")
	left_out(own_address=6)
	says(run, "6 targets left out", "this host's own", SCAN4)
	equal({row["ip"] for row in run.rows} & {SCAN4, SCAN6}, set(), "rows of own addresses")
	equal({row["ip"] for row in run.rows if row["verdict"] == "no-cookie"},
		{"198.19.0.1", "2001:2:0:ff::1"}, "who answers")
	equal(len(run.rows), counts()["total"], "rows")
	# In a shard they cannot be left out alone.
	run = tfomap("198.19.0.0/30", "-p", PLAIN, "--shards", 2, "--shard", 1, "-e", 1, "-m", RECORD)
	left_out_of_none = counts()
	equal((left_out_of_none["own_address"], left_out_of_none["total"]), (0, 4), "left out, in all")
	says(run, "this host's own", "shards")


@contextmanager
def served():
	"""A host that is a server itself: port 7 with TFO, 9 without, 81 closed"""
	with bare(ADDRESSES + GATEWAYS + "topology_sysctl bare ipv4/tcp_fastopen 3"):
		process = subprocess.Popen(["ip", "netns", "exec", "bare", f"{WORK}/listener", "7:1024",
			"9:0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
		try:
			equal(process.stdout.readline(), "ready\n", "listener")
			yield
		finally:
			process.kill()
			process.wait()


@case("ways/own")
def own_addresses_alone():
	addresses = ["127.0.0.1", HERE4, "[::1]", f"[{HERE6}]"]
	ports = {7: "accepted", 9: "no-cookie", 81: "closed"}
	want = {f"{a}:{port}": verdict for a in addresses for port, verdict in ports.items()}
	with served():
		for args in ((), ("--plan", "path"), ("-i", "lo"), ("-G", "02:00:00:00:00:01")):
			run = run_bare(*want, *args, "-m", RECORD)
			equal(verdicts(run), want, f"verdicts with {args}")
			left_out()
			with open(RECORD) as f:
				equal(json.load(f)["interface"], "lo", "interface")
			# Nothing stays half open.
			left = subprocess.run("ip netns exec bare ss -Htan state syn-recv".split(), check=True,
				stdout=subprocess.PIPE, text=True).stdout
			equal(left, "", "connections half open")
		early = {row["ip"]: row["rlen"] for row in run_bare(*want, "--plan", "path").rows
			if row["port"] == "7"}
		assert all(int(n) > 0 for n in early.values()) and len(early) == 4, early
		equal(len(run_bare("127.0.0.0/28", "-p", 9).rows), 16, "rows of a prefix")
		refused("127.0.0.1:7", "--tx", "libnet", words=["own IPv4", "--tx packet"],
			expect=1)
		# What lies elsewhere has no way there.
		run = run_bare(f"{HERE4}:7", host("nginx"), "-i", "lo", "-m", RECORD)
		equal(verdicts(run), {f"{HERE4}:7": "accepted"}, "verdicts")
		left_out(no_route=1)


@case("ways/own-by-name")
def own_addresses_by_the_wrong_interface():
	run = sent_nothing(f"{SCAN4}:80", f"[{SCAN6}]:80", "-i", "scan0", expect=2)
	says(run, SCAN4, "this host's own", "scan0", "--interface")
