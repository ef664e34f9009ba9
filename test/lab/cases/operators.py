"""What the manual tells those who run servers, each statement of its section "Is my server right?"
against the lab's kernels: the examples are taken from the page."""

import os
import re
import shlex
import signal
import socket
import subprocess
from contextlib import contextmanager

import truth
from harness import (HOSTS, WORK, by_target, captured, case, equal, inside, shell, spell, tfomap,
	wait_for)
from manual import example
from .boxes import BOXES, fill_the_queue
from .manners import QUEUE, server
from .packets import THE_KEY, fill_queue, set_key
from .rows import sure_signals

KERNELS = "srv srv203 srvnew srvboth srvfull net".split()
COUNTERS = "CookieReqd Passive PassiveFail PassiveAltKey ListenOverflow".split()
REPLY = b"tfomap lab\r\n"
QUEUE_PORTS = 19, 20  # what the clients left open at one listener lives on with their ports


# ---- one command ----

def _kernel_client(target):
	"""What a client gets that leaves Fast Open to its kernel, the second time"""
	for _ in range(2):
		with inside("scan"):
			s = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET)
		with s:
			s.sendto(b"hello", socket.MSG_FASTOPEN, target)
			s.settimeout(20)
			reply = s.recv(100)
	return reply


@case("operators/one-command")
def it_tells_what_a_kernel_client_cannot():
	command = shlex.split(example("--plan full -f")[0])
	equal(command[0], "tfomap", "the example's program")
	verdicts = {"kernel-off": "no-cookie", "kernel": "accepted", "two-keys": "refused",
		"strip-cookie": "ignored"}
	for family in (0, 1):
		targets = {name: BOXES[name].twins[family] for name in verdicts}
		shell("boxes_filters")
		run = tfomap(*command[1:-1], *map(spell, targets.values()))
		rows = by_target(run.rows)
		equal({name: rows[t]["verdict"] for name, t in targets.items()}, verdicts, "verdicts")
		equal({name: int(rows[t]["rlen"]) for name, t in targets.items()},
			dict.fromkeys(verdicts, 0) | {"kernel": len(REPLY)}, "rlen")
		for name, target in targets.items():
			equal(_kernel_client(target), REPLY, f"what a client of {name} gets")


# ---- counters ----

# The rows of the manual's table, by the words that they begin with, and where each is seen. None:
# a queue of its own, which is filled when the cookie is there.
WHERE = {
	"accepted": "kernel", "accepted; cookie-updated": "rotated-backup",
	"accepted with a second cookie": "rotated", "refused": "two-keys",
	"ignored: the cookie": "strip-cookie", "ignored: the queue": None,
	"no-cookie: the listener": "kernel-off", "no-cookie: the queue": "queue-full",
	"no-cookie: tcp_fastopen": "kernel-0x203",
	"second-blocked: lost": "drop-data", "second-blocked: its": "drop-acceptance",
}


def _table():
	"""{the words of a row: its numbers}"""
	rows = [re.fullmatch(r"(.*?)((?: +[0-9]+){5})", line) for line in example("Reqd Passive Fail")[1:]]
	return {row[1].strip(): [int(n) for n in row[2].split()] for row in rows}


def _counted():
	"""The sums over all kernels, as more than one may serve an address"""
	found = [truth.fastopen_counters(kernel) for kernel in KERNELS]
	return [sum(one[name] for one in found) for name in COUNTERS]


def _survey(target, *args):
	"""What a survey finds and what it adds to the counters"""
	before = _counted()
	row = tfomap("--plan", "survey", "--retries", 0, spell(target), *args).rows[0]
	return row, [now - then for then, now in zip(before, _counted())]


def _survey_of_a_full_queue(target):
	path = f"{WORK}/cookies-operators"
	with server("listener-operators", "ready", f"{WORK}/listener", f"{target[1]}:{QUEUE}"):
		if os.path.exists(path):
			os.unlink(path)
		equal(tfomap(spell(target), "--cookie-file", path).rows[0]["verdict"], "accepted",
			"verdict before the queue is full")
		clients = fill_queue((HOSTS["nginx"].v4, target[1]), QUEUE)
		try:
			return _survey(target, "--cookie-file", path)
		finally:
			for client in clients:
				client.close()


@case("operators/counters")
def what_a_verdict_means_for_the_counters():
	fill_the_queue()
	table = _table()
	equal(len(table), len(WHERE), "rows of the manual's table")
	for words, want in table.items():
		begin = max((begin for begin in WHERE if words.startswith(begin)), key=len)
		for family in (0, 1):
			shell("boxes_filters")
			if WHERE[begin]:
				row, got = _survey(BOXES[WHERE[begin]].twins[family])
			else:
				address = (HOSTS["nginx"].v4, HOSTS["nginx"].v6)[family]
				row, got = _survey_of_a_full_queue((address, QUEUE_PORTS[family]))
			equal(row["verdict"], re.match("[a-z-]+", words)[0], f"verdict, {words}, {family}")
			equal(got, want, f"{COUNTERS}, {words}, {family}")
			assert ("cookie-updated" in words) == ("cookie-updated" in row["signals"]), row


# ---- keys ----

def _key_step(keys, n):
	"""Runs a step of the manual's example, 0 to 2, on the servers. keys: its variables"""
	lines = f"{keys}\n{example('sysctl -w')[n]}"
	shell(f"ip netns exec net bash -euc {shlex.quote(lines)} >{WORK}/key-step")


def _used(path, target):
	"""A survey with the cookies of a file: (row, what it adds to Passive, Fail, AltKey)"""
	row, got = _survey(target, "--cookie-file", path)
	return row, got[1:4]


@case("operators/keys")
def a_new_key_without_refusing_clients():
	"""The steps of the manual, and what they are for: a client with an old cookie, one that comes
	for the first time, one with a new cookie; and the last step alone."""
	make = example("od -An")
	text = subprocess.run(["ip", "netns", "exec", "net", "bash", "-euc",
		"\n".join(make + ["echo $old $new"])], check=True, stdout=subprocess.PIPE, text=True).stdout
	old, new = text.split()
	equal(old, "00010203-04050607-08090a0b-0c0d0e0f", "the key in use")
	assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{8}){3}", new), f"no key: {new!r}"
	try:
		for target in HOSTS["listener"].twins:
			_rotate(target, f"old={old} new={new}")
	finally:
		set_key(THE_KEY)


def _cookies(name, target):
	"""A file with the cookie that a client gets that comes for the first time"""
	path = f"{WORK}/cookies-{name}"
	if os.path.exists(path):
		os.unlink(path)
	row = tfomap(spell(target), "--cookie-file", path).rows[0]
	equal(row["verdict"], "accepted", f"verdict of a first visit, {name}")
	return path, row["cookie"]


def _rotate(target, keys):
	set_key(THE_KEY)
	early, old_cookie = _cookies("early", target)
	backup, _ = _cookies("backup", target)
	_key_step(keys, 0)
	row, added = _used(early, target)
	equal((row["verdict"], sure_signals(row), added), ("accepted", set(), [1, 0, 0]),
		"after step 1")
	equal(_cookies("first", target)[1], old_cookie, "the cookie given after step 1")
	_key_step(keys, 1)
	late, new_cookie = _cookies("late", target)
	assert new_cookie != old_cookie, "step 2 gives the old cookie"
	row, added = _used(early, target)
	equal((row["verdict"], sure_signals(row), row["cookie"], added),
		("accepted", {"cookie-updated"}, new_cookie, [1, 0, 1]), "an old cookie after step 2")
	_key_step(keys, 0)  # as a server that is one step behind
	row, added = _used(late, target)
	equal((row["verdict"], added), ("accepted", [1, 0, 1]), "a new cookie before step 2")
	_key_step(keys, 2)
	row, added = _used(early, target)
	equal((row["verdict"], added), ("accepted", [1, 0, 0]), "a renewed cookie after step 3")
	row, added = _used(backup, target)
	equal((row["verdict"], row["probes"], added), ("accepted", "2", [1, 1, 0]),
		"an old cookie after step 3: refused first")


@case("operators/key-of-the-kernel")
def a_listener_with_fast_open_makes_a_key():
	read = "ip netns exec fresh cat /proc/sys/net/ipv4/tcp_fastopen_key".split()
	shell("ip netns add fresh; ip -n fresh link set lo up")
	shell("topology_sysctl fresh ipv4/tcp_fastopen 3")

	def key():
		return subprocess.run(read, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
	try:
		zeros = "-".join(["0" * 8] * 4)
		with server("listener-fresh-plain", "ready", f"{WORK}/listener", "9:0", where="fresh"):
			equal(key(), zeros, "the key before a listener has fast open")
		with server("listener-fresh", "ready", f"{WORK}/listener", "7:16", where="fresh"):
			assert key() != zeros, "no key with a listener that has fast open"
	finally:
		shell("ip netns delete fresh")


# ---- packets ----

def _shown(path, flows, wanted="frame"):
	"""How many packets of the scan tshark shows of a capture; what is sent again counts once, as one
	capture may last longer than another"""
	command = ["tshark", "-n", "-r", path, "-Y", wanted, "-T", "fields", "-e", "tcp.srcport", "-e",
		"tcp.dstport", "-e", "tcp.seq_raw"]
	text = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
		text=True).stdout
	ports = {str(flow.sport) for flow in flows}
	return len({line for line in text.splitlines() if not ports.isdisjoint(line.split()[:2])})


@contextmanager
def _filtered(name, words):
	"""A capture with that filter; dumpcap's, as tcpdump cannot change its user in every namespace"""
	path, log = f"{WORK}/{name}.pcap", f"{WORK}/{name}.log"
	with open(log, "w") as out:
		process = subprocess.Popen(["ip", "netns", "exec", "net", "dumpcap", "-i", "net0", "-f", words,
			"-w", path], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
	try:
		wait_for(lambda: "File:" in open(log).read(), "dumpcap to start")
		yield path
	finally:
		process.send_signal(signal.SIGINT)
		process.wait(20)


@case("operators/packets")
def the_documented_filters_miss_nothing():
	"""Beside a capture of everything: all SYNs and SYN/ACKs, both kinds, every acceptance; the first
	words of the filter see IPv4 alone"""
	words = shlex.split("\n".join(example("tcpdump -i")))[-1]
	search = shlex.split(" ".join(example("tshark -r")))[-1]
	names = "kernel", "strip-34", "two-keys", "kernel-off"
	targets = [target for name in names for target in BOXES[name].twins]
	shell("boxes_filters")
	with _filtered("both", words) as both, _filtered("four", words.split(" or ")[0]) as four:
		run, capture = captured("--plan", "path", "--confirm", 0, *map(spell, targets))
		flows = [flow for flows in capture.flows.values() for flow in flows]
		for path, wanted in ((both, "tcp.flags.syn == 1"), (four, "ip and tcp.flags.syn == 1")):
			n = _shown(capture.path, flows, wanted)
			wait_for(lambda: _shown(path, flows) >= n, f"the packets in {path}")
			equal(_shown(path, flows), n, f"SYNs and SYN/ACKs in {path}")
	_check_shown(both, search, run, flows)


def _check_shown(path, search, run, flows):
	"""The documented search shows each option of either kind, and each acceptance."""
	answers = [flow.first("synack") for flow in flows]
	accepted = sum(flow.dlen > 0 and flow.acked() == flow.dlen for flow in flows)
	equal(accepted, sum(row["verdict"] == "accepted" for row in run.rows), "acceptances, accepted")
	both = [(flow.kind, answer.kind) for flow, answer in zip(flows, answers)]
	assert {34, 254} == {kind for pair in both for kind in pair} - {0}, "one kind was not used"
	equal(_shown(path, flows, search), sum(bool(a) + bool(b) for a, b in both) + accepted,
		"packets that are shown")
	equal(_shown(path, flows, "tcp.option_kind == 34"), sum((a == 34) + (b == 34) for a, b in both),
		"those of kind 34 alone")
