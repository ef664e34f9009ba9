"""How a path plan treats the machine that it runs on, and the servers that it asks."""

import errno
import os
import re
import signal
import socket
import subprocess
from contextlib import contextmanager

from harness import (HOSTS, QUICK, SCAN4, SCAN6, WORK, Skip, Tap, by_target, captured, case,
	equal, finish, host, inside, interrupt, shell, spell, start, tfomap, truth,
	wait_for, write)
from .boxes import BOXES

PATH = ["--plan", "path", "--confirm", 0]
# A scan that lasts: it waits for an answer of a silent host.
ENDLESS = ["--no-default-blocklist", "--timeout", 600, host("silent")]


# ---- the reset guard ----

def _tables():
	"""Names of the nftables tables in the scanner's namespace"""
	text = subprocess.run("ip netns exec scan nft list tables".split(), check=True,
		stdout=subprocess.PIPE, text=True).stdout
	return {line.split()[-1] for line in text.splitlines()}


def _guarded():
	"""A scan that has sent its first SYN: (process, how the name of its table begins)"""
	if os.readlink("/proc/self") != str(os.getpid()):
		raise Skip("/proc shows other processes than ours")
	tap = Tap()
	process = start([*ENDLESS, *PATH])
	tap.wait_syns(1)
	return process, f"tfomap-{process.pid}-"


def _one_more_table(before, begins):
	more = sorted(_tables() - before)
	equal([name[:len(begins)] for name in more], [begins], f"tables while the scan runs: {more}")


@case("manners/rst-filter-killed")
def the_guard_is_gone_with_a_process_that_is_killed():
	before = _tables()
	process, table = _guarded()
	try:
		_one_more_table(before, table)
	finally:
		process.kill()
		run = finish(process)
	equal(run.status, -signal.SIGKILL, "exit status")
	wait_for(lambda: _tables() == before, "the table to go with its owner")


@case("manners/rst-filter-ended")
def the_guard_is_gone_after_a_normal_end():
	before = _tables()
	process, table = _guarded()
	try:
		_one_more_table(before, table)
		interrupt(process)
	finally:
		interrupt(process)
		run = finish(process)
	equal(run.status, 4, "exit status: " + run.err)
	wait_for(lambda: _tables() == before, "the table to go after two interrupts")
	run = tfomap(*PATH, host("listener"))
	equal(run.rows[0]["verdict"], "accepted", "verdict")
	wait_for(lambda: _tables() == before, "the table to go at the end of a scan")


@case("manners/rst-filter-resets-of-others")
def closed_ports_of_this_host_are_closed_still():
	process, _ = _guarded()
	try:
		for address, family in ((SCAN4, socket.AF_INET), (SCAN6, socket.AF_INET6)):
			with inside("net"), socket.socket(family) as client:
				client.settimeout(20)
				equal(client.connect_ex((address, 20000)), errno.ECONNREFUSED, address)
	finally:
		process.kill()
		finish(process)


PORTS = "31000-31999"  # of one scan alone


@contextmanager
def _resets_counted():
	"""Yields a function: resets that the scanner's kernel has made of PORTS, kept in or not."""
	shell(f"ip netns exec scan nft 'table inet resets {{ chain out {{ type filter hook output "
		f"priority -10; tcp sport {PORTS} tcp flags & rst == rst counter; }}; }}'")

	def count():
		text = subprocess.run("ip netns exec scan nft list table inet resets".split(), check=True,
			stdout=subprocess.PIPE, text=True).stdout
		return int(re.search(r"packets (\d+)", text)[1])
	try:
		yield count
	finally:
		shell("ip netns exec scan nft delete table inet resets")


@case("manners/rst-filter-unasked")
def the_kernel_is_not_asked_what_nobody_waits_for():
	"""Nor are the host's own connections from the scan's ports disturbed."""
	process, _ = _guarded()
	try:
		for address, family, port in ((HOSTS["nginx"].v4, socket.AF_INET, 20000),
				(HOSTS["nginx"].v6, socket.AF_INET6, 20001)):
			with inside("scan"), socket.socket(family) as client:
				client.settimeout(20)
				client.bind(("", port))
				equal(client.connect_ex((address, 80)), 0, f"to {address} from a port of the scan")
	finally:
		process.kill()
		finish(process)
	with _resets_counted() as count:
		run = tfomap("--rx", "pcap", "--source-port", PORTS, *PATH,
			*(host("listener-plain", family) for family in (0, 1)))
		equal([row["verdict"] for row in run.rows], ["no-cookie"] * 2, "verdicts")
		equal(count(), 0, "resets of the kernel")


@case("manners/rst-filter-redirected")
def the_hosts_own_connections_that_it_redirects():
	"""An answer has the redirected address until the last of the kernel's input hooks."""
	rule = f"ip daddr {HOSTS['silent'].v4} tcp dport 8081 dnat to {HOSTS['nginx'].v4}:80"
	shell("ip netns exec scan nft 'table ip redirected { chain out { "
		f"type nat hook output priority -100; {rule}; }}; }}'")
	try:
		process, _ = _guarded()
		try:
			with inside("scan"), socket.socket() as client:
				client.settimeout(20)
				client.bind(("", 20002))
				equal(client.connect_ex((HOSTS["silent"].v4, 8081)), 0, "from a port of the scan")
		finally:
			process.kill()
			finish(process)
	finally:
		shell("ip netns exec scan nft delete table ip redirected")


@case("manners/rst-filter-same-pid")
def two_scans_of_one_process_number():
	"""In containers that share a network each scan may be process 1."""
	alone = ("unshare", "--pid", "--fork", "--kill-child")
	before = _tables()
	tap = Tap()
	process = start([*ENDLESS, *PATH], alone)
	try:
		tap.wait_syns(1)
		_one_more_table(before, "tfomap-1-")
		run = tfomap(host("nginx"), *PATH, prefix=alone)
		assert "nftables" not in run.err, run.err
		assert int(run.rows[0]["rlen"]) > 0, "the early answer was missed"
	finally:
		process.kill()
		finish(process)


@case("manners/rst-filter-without-privilege")
def without_the_right_to_a_table():
	run = tfomap(host("listener"), *PATH, prefix=("setpriv", "--bounding-set", "-net_admin",
		"--inh-caps", "-net_admin"))
	equal(run.rows[0]["verdict"], "accepted", "verdict")
	assert "root or CAP_NET_ADMIN" in run.err, run.err


@case("manners/rst-filter-in-a-survey")
def a_survey_resets_by_itself_too():
	before = _tables()
	tap = Tap()
	process = start([*ENDLESS, "--plan", "survey"])
	try:
		tap.wait_syns(1)
		equal(len(_tables() - before), 1, "tables of a survey that runs")
	finally:
		process.kill()
		finish(process)


# ---- what is blocked is tested again ----

AGAIN = ["--plan", "path", "--confirm", 5]
FIRST_ROUND = 10  # SYNs to drop-data, as boxes.tbl has them


@case("manners/confirmed")
def a_blocked_verdict_is_tested_again():
	"""Only that; and a verdict that stays is confirmed."""
	shell("boxes_filters")
	blocked, sound = BOXES["drop-data"].twins, BOXES["kernel"].twins
	run, capture = captured(*AGAIN, *map(spell, blocked + sound))
	rows = by_target(run.rows)
	for targets, verdict, confirmed, syns in ((blocked, "data-blocked", "true", 2 * FIRST_ROUND),
			(sound, "accepted", "", 3)):
		for target in targets:
			row = rows[target]
			equal((row["verdict"], row["confirmed"], row["probes"], len(capture.flows[target])),
				(verdict, confirmed, str(syns), syns), spell(target))


@case("manners/not-confirmed")
def a_path_that_opens_in_between():
	shell("boxes_filters")
	tap = Tap()
	process = start([*QUICK, *AGAIN, spell(BOXES["drop-data"].twins[0])])
	try:
		tap.wait_syns(FIRST_ROUND)
		shell("ip netns exec mid nft flush chain inet mid walls")
	finally:
		run = finish(process)
		shell("boxes_filters")
	equal((run.rows[0]["verdict"], run.rows[0]["confirmed"]), ("accepted", "false"),
		"the later verdict")


# ---- a small queue ----

QUEUE = 3
RUNS = 6
NGINX_PORT, LISTENER_PORT = 83, 18  # of servers that no other case probes


@contextmanager
def server(name, ready, *command, where="net"):
	"""A server of one case alone; it is there once its log has the word `ready`."""
	log = f"{WORK}/{name}.log"
	with open(log, "w") as out:
		process = subprocess.Popen(["ip", "netns", "exec", where, *map(str, command)],
			stdin=subprocess.DEVNULL, stdout=out, stderr=out)
	try:
		wait_for(lambda: ready in open(log).read(), f"{name} to start")
		yield
	finally:
		process.terminate()
		process.wait(20)


def _nginx():
	v4, v6 = HOSTS["nginx"].v4, HOSTS["nginx"].v6
	places = "".join(f"{kind}_temp_path {WORK}/nginx-queue-{kind}; " for kind in
		"client_body proxy fastcgi uwsgi scgi".split())
	conf = write("nginx-queue.conf", f"""user root; daemon off; master_process off;
		pid {WORK}/nginx-queue.pid; error_log stderr notice; events {{ }}
		http {{ access_log off; {places} server {{
			listen {v4}:{NGINX_PORT} fastopen={QUEUE};
			listen [{v6}]:{NGINX_PORT} fastopen={QUEUE};
			return 200 'tfomap lab'; }} }}""")
	return server("nginx-queue", "event method", "nginx", "-e", "stderr", "-c", conf)


def _scan_in_queue(plan, closings, targets):
	"""closings: what ends the connection of each SYN: A an ACK, R a RST"""
	run, capture = captured("--plan", plan, "--confirm", 0, *map(spell, targets))
	equal({spell(t): row["verdict"] for t, row in by_target(run.rows).items()},
		dict.fromkeys(map(spell, targets), "accepted"), f"verdicts with {plan}")
	for target, flows in capture.flows.items():
		equal([flow.closing for flow in flows], closings, f"how SYNs to {spell(target)} end")


@case("manners/queue-of-three")
def six_scans_find_room_in_a_queue_of_three():
	"""A server's TFO queue of three takes the data of six scans: what a probe took it gives back.
	The listener has one queue for both families. A full scan takes a place twice: with a cookie alone,
	too."""
	targets = [(address, port) for address in (HOSTS["nginx"].v4, HOSTS["nginx"].v6)
		for port in (NGINX_PORT, LISTENER_PORT)]
	before = truth.fastopen_counters()
	with _nginx(), server("listener-queue", "ready", f"{WORK}/listener",
			f"{LISTENER_PORT}:{QUEUE}"):
		for plan, closings in (("survey", ["R", "AR"]), ("path", ["R", "R", "AR"]),
				("full", ["R", "R", "R", "R", "AR", "AR", "R"])):
			for _ in range(RUNS):
				_scan_in_queue(plan, closings, targets)
	after = truth.fastopen_counters()
	equal(after["Passive"] - before["Passive"], 4 * RUNS * len(targets), "TCPFastOpenPassive")
	equal(after["ListenOverflow"], before["ListenOverflow"], "TCPFastOpenListenOverflow")


# ---- the scanner's own firewall ----

FIREWALLS = {
	"invalid": "chain incoming { type filter hook input priority 0; ct state invalid drop; }",
	"default-drop": "chain incoming { type filter hook input priority 0; policy drop; iif lo accept; "
		"ct state { established, related } accept; icmpv6 type { nd-neighbor-solicit, "
		"nd-neighbor-advert } accept; }",
	"resets-kept-in": "chain outgoing { type filter hook output priority 0; "
		"tcp flags & rst == rst drop; }",
}


def _half_open():
	text = subprocess.run("ip netns exec net ss -Hnt state syn-recv".split(), check=True,
		stdout=subprocess.PIPE, text=True).stdout
	return [line for line in text.splitlines() if f":{LISTENER_PORT} " in line]


def _behind(name):
	@case(f"manners/firewall-{name}")
	def a_firewall_that_keeps_the_kernel_from_resetting():
		"""Nothing stays open, and no place of the server's queue taken: tfomap resets by itself."""
		targets = [(address, LISTENER_PORT) for address in (HOSTS["nginx"].v4, HOSTS["nginx"].v6)]
		shell(f"ip netns exec scan nft 'table inet firewall {{ {FIREWALLS[name]}; }}'")
		try:
			with server("listener-queue", "ready", f"{WORK}/listener", f"{LISTENER_PORT}:{QUEUE}"):
				for _ in range(RUNS):
					_scan_in_queue("survey", ["R", "AR"], targets)
				equal(_half_open(), [], "half-open connections of the server's")
		finally:
			shell("ip netns exec scan nft delete table inet firewall")


for _name in FIREWALLS:
	_behind(_name)
