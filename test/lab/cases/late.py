"""Answers that come late, again and again, or not in time: one row a target, and only true ones."""

import json
import signal
import socket
import threading
import time

from harness import (HOSTS, QUICK, WORK, Tap, by_target, captured, case, equal, finish, fresh_filters,
	inside, interrupt, shell, spell, start)
from .targets import PLAIN

META = f"{WORK}/late.json"


def counters():
	"""All counters of the metadata, by name"""
	with open(META) as f:
		groups = json.load(f)["counters"]
	return {name: n for group in groups.values() for name, n in group.items()}


def net_rules(rules):
	"""More rules at the servers' end, until fresh_filters()"""
	shell(f"ip netns exec net nft '{rules}'")


# ---- a server that never gets the resets sends its SYN/ACK again: after 1, 3, 7, 15 s ----

def _without_resets(n, *args):
	"""The rows of n targets, the flows at the far end, and the counters"""
	net_rules("add rule inet lab filter tcp flags rst drop")
	try:
		run, capture = captured("--no-default-blocklist", "--timeout", 0.3, "-c", 0.3, "-m", META,
			"--retries", 0, *args, f"198.18.40.0/{32 - (n - 1).bit_length()}", "-p", PLAIN,
			quick=False)
	finally:
		fresh_filters()
	rows = by_target(run.rows)
	equal(len(rows), n, "targets with a row")
	return rows, capture, counters()


@case("late/repeats-in-a-survey")
def a_syn_ack_that_comes_again_is_no_new_target():
	rows, capture, n = _without_resets(8, "-r", 2)
	equal({row["verdict"] for row in rows.values()}, {"no-cookie"}, "verdicts")
	equal({len(flows) for flows in capture.flows.values()}, {1}, "SYNs a target")
	again = sum(len(flow.answers) for flows in capture.flows.values() for flow in flows) - 8
	assert again > 0, "no SYN/ACK came again while the scan ran"
	assert n["expired"] + n["retransmissions"] > 0, n


@case("late/repeats-in-a-path-plan")
def nor_in_a_path_plan():
	rows, capture, n = _without_resets(16, "-r", 10, "--plan", "path", "--confirm", 0)
	equal({row["verdict"] for row in rows.values()}, {"no-cookie"}, "verdicts")
	equal({tuple(sorted(flow.kind for flow in flows)) for flows in capture.flows.values()},
		{(0, 34, 254)}, "option kinds of a target's SYNs")
	equal(n["unfinished"], 0, "unfinished")


# ---- one host that repeats itself ----

class Repeater:
	"""At the servers' end: sends the first SYN/ACK that leaves again and again, until it is told."""

	def __enter__(self):
		with inside("net"):
			self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
			self._socket.bind(("net0", 3))
		self._end = threading.Event()
		self._thread = threading.Thread(target=self._run)
		self._socket.settimeout(30)
		self.sent = 0
		self._thread.start()
		return self

	def __exit__(self, kind, value, trace):
		self._end.set()
		self._thread.join()
		self._socket.close()

	def _run(self):
		frame = b""
		while frame[12:14] != b"\x08\x00" or frame[23] != 6 or frame[47] & 0x12 != 0x12:
			frame = self._socket.recv(2048)
		while not self._end.wait(0.0005) and self.sent < 200000:
			self._socket.send(frame)
			self.sent += 1


def _repeated(*args):
	"""A scan of one server that repeats itself for as long as the scan lasts, and of others"""
	with Repeater() as repeater:
		run, capture = captured("-m", META, *args)
	assert repeater.sent > 100, f"{repeater.sent} repeats"
	for target, flows in capture.flows.items():
		resets = sum(flow.closing.count("R") for flow in flows)
		assert resets <= 2 * len(flows), f"{resets} resets for {len(flows)} SYNs to {spell(target)}"
	return run


@case("late/repeater")
def who_repeats_itself_draws_two_resets_for_a_syn_and_holds_up_nothing():
	for plan in ("survey", "path"):
		run = _repeated("--plan", plan, "--confirm", 0, "-r", 50, "198.18.41.0/27", "-p", PLAIN)
		equal({row["verdict"] for row in by_target(run.rows).values()}, {"no-cookie"}, "verdicts")
		equal(len(run.rows), 32, "rows")


@case("late/repeater-interrupted")
def nor_does_he_hold_up_a_stop():
	with Repeater() as repeater:
		tap = Tap()
		process = start([*QUICK, "--plan", "path", "--confirm", 0, "-r", 50, "198.18.0.0/20", "-p",
			PLAIN])
		tap.wait_syns(20)
		interrupt(process)
		run = finish(process)
	assert repeater.sent > 0, "nothing was repeated"
	equal(run.status, 4, "exit status: " + run.err)


# ---- the end ----

@case("late/all-have-answered")
def a_scan_ends_when_all_have_answered():
	"""It does not wait until a retry would be due that nobody needs: here after ten minutes."""
	run, capture = captured("--no-default-blocklist", "--timeout", 600, "--report", "all",
		*map(spell, HOSTS["nginx"].twins), quick=False)
	equal({row["verdict"] for row in run.rows}, {"accepted"}, "verdicts")
	equal({len(flows) for flows in capture.flows.values()}, {2}, "SYNs a target")


# ---- the end comes before the time-out ----

def _books(run, shown):
	"""Started = rows and unfinished, where each target that is known has a row"""
	n = counters()
	equal(n["targets_done"], len(run.rows), "targets done, and rows")
	equal(n["targets_started"], n["targets_done"] + n["unfinished"], f"started; {shown}")
	return n


@case("late/interrupted-retries")
def what_was_not_asked_again_is_unfinished():
	net_rules("insert rule inet lab filter ip daddr 198.18.64.0/20 tcp dport 71 drop")
	try:
		tap = Tap()
		process = start([*QUICK, "-r", 200, "--retries", 2, "--report", "all", "-m", META,
			"198.18.64.0/20", "-p", "71"])
		tap.wait_syns(500)
		interrupt(process)
		run = finish(process)
	finally:
		fresh_filters()
	equal(run.status, 4, "exit status: " + run.err)
	n = _books(run, run.err)
	assert n["unfinished"] > 0, n
	# Only who was asked three times, and had the time to answer, is known to be silent.
	equal({(row["verdict"], row["probes"]) for row in run.rows} - {("offline", "3")}, set(),
		"verdicts and probes")


@case("late/cool-down-shorter-than-the-answer")
def who_had_not_the_time_to_answer_is_no_verdict():
	eater = [spell(t) for t in HOSTS["cookie-eater"].twins]
	tap = Tap()
	process = start(["--no-default-blocklist", "-c", 0, "--timeout", 30, "-m", META, *eater])
	tap.wait_syns(4)  # two requests, and two data that nothing answers
	interrupt(process)
	run = finish(process)
	equal(run.status, 4, "exit status: " + run.err)
	equal(run.rows, [], "rows")
	equal(_books(run, run.err)["unfinished"], 2, "unfinished")


@case("late/stopped-process")
def what_has_come_counts_before_time_outs_do():
	"""The whole program stands still for longer than the time-out, with answers in its buffers."""
	for receiver in ("pcap", "xdp"):
		tap = Tap()
		process = start([*QUICK, "--rx", receiver, "--report", "all", "-r", 500, "-m", META,
			"198.18.43.0/24", "198.18.44.0/24", "-p", PLAIN])
		tap.wait_syns(200)
		process.send_signal(signal.SIGSTOP)
		time.sleep(2.2)  # twice the time-out: this is what is tried
		process.send_signal(signal.SIGCONT)
		run = finish(process)
		equal(run.status, 0, "exit status: " + run.err)
		equal({row["verdict"] for row in by_target(run.rows).values()}, {"no-cookie"},
			f"verdicts by --rx {receiver}")
		equal(len(run.rows), 512, "rows")
