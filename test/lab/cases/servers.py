"""Every server of the address plan, IPv4 and IPv6, in one scan of a server list; each row held
against the capture and the plan, all of them together against the kernel's own counters."""

import functools
from datetime import datetime

from harness import (HOSTS, SCAN4, SCAN6, SEVEN, captured, case, check_packets, check_rows, equal,
	fresh_filters, spell, target_of, together, truth, by_target, write)

# What the plan sends: (requests, data). A server list retries the silent twice; follow-ups too.
PACKETS = {"accepted": (1, 1), "no-cookie": (1, 0), "closed": (1, 0), "unreachable": (1, 0),
	"offline": (3, 0), "second-blocked": (1, 3)}
CONDITIONS = {
	"accepted": "tfo.connectivity.works tfo.cookie.received tfo.syndata.acked tfo.cookie.acked",
	"no-cookie": "tfo.connectivity.works tfo.cookie.not_received",
	"second-blocked": "tfo.connectivity.broken tfo.cookie.received tfo.syndata.failed "
		"tfo.cookie.failed",
}


together("servers")


@functools.cache
def _scan():
	fresh_filters()
	targets = [t for h in HOSTS.values() for t in h.twins]
	before = truth.fastopen_counters()
	run, capture = captured("-I", write("hosts", "".join(spell(t) + "\n" for t in targets)))
	after = truth.fastopen_counters()
	return run, capture, {name: after[name] - before[name] for name in after}


def _server(name, family):
	host = HOSTS[name]

	def check():
		run, capture, _ = _scan()
		target = host.twins[family]
		row, flows = by_target(run.rows).get(target), capture.flows[target]
		equal((sum(not f.is_data for f in flows), sum(f.is_data for f in flows)),
			(2, 1) if host.filter == "first" else PACKETS[host.verdict],
			"requests and data at the far end")
		for flow in flows:
			equal(flow.source, SCAN6 if family else SCAN4, "source address")
			assert (flow.resets > 0) == (flow.first("synack") is not None), \
				"the scanner's kernel resets what was opened, and only that"
		if host.verdict == "offline":
			assert row is None, "a silent target has a row without --report all"
			return
		equal(row["verdict"], host.verdict, "verdict")
		if host.verdict in CONDITIONS:
			equal(set(row["conditions"].split(";")), set(CONDITIONS[host.verdict].split()),
				"conditions")
		if host.verdict == "accepted":
			seven = [int(row[name]) for name in SEVEN]
			seq, dlen = seven[4:6]
			equal(seven, [34, 0, 8, 0, seq, dlen, (seq + dlen + 1) % 2**32], "the seven")
			assert dlen > 0, "data without data"
	return check


for _name in HOSTS:
	for _family, _word in enumerate(("ipv4", "ipv6")):
		case(f"servers/{_name}-{_word}")(_server(_name, _family))


@case("servers/rows", fresh=True)
def every_row_is_what_the_far_end_saw():
	run, capture, _ = _scan()
	check_rows(run, capture)


@case("servers/counters")
def the_kernels_own_counters_agree():
	_, _, counted = _scan()
	verdicts = [h.verdict for h in HOSTS.values() for _ in h.twins]
	accepted = verdicts.count("accepted")
	knew = sum(counted[n] for n in ("Passive", "PassiveFail", "ListenOverflow"))
	equal(counted["Passive"], accepted, "TCPFastOpenPassive")
	equal(knew, accepted, "attempts in all")
	# The kernel counts every request that reaches a listener, with fast open or without.
	equal(counted["CookieReqd"], sum(map(verdicts.count, ("accepted", "second-blocked",
		"no-cookie"))), "TCPFastOpenCookieReqd")


@case("servers/pause")
def probes_of_one_target_are_apart():
	"""20 ms by contract. Half of that is asked for here: the clock is read at the far end."""
	_, capture, _ = _scan()
	for target, flows in capture.flows.items():
		times = [f.time for f in flows]
		for earlier, later in zip(times, times[1:]):
			assert later - earlier >= 0.010, f"{spell(target)}: {later - earlier:.6f} s"


@case("servers/ports")
def every_probe_has_a_port_of_its_own():
	_, capture, _ = _scan()
	for target, flows in capture.flows.items():
		ports = [f.sport for f in flows]
		assert len(set(ports)) == len(ports), f"{spell(target)}: {ports}"
		assert all(10000 <= port <= 32767 for port in ports), f"{spell(target)}: {ports}"
	check_packets(capture)


@case("servers/times")
def times_are_in_order():
	"""Sent, seen at the far end, answered there, received; all by one clock, in microseconds"""
	run, capture, _ = _scan()
	for row in run.rows:
		flow = next(f for f in capture.flows[target_of(row)] if str(f.sport) == row["source_port"])
		sent, received = (datetime.fromisoformat(row[name].replace("Z", "+00:00")).timestamp()
			for name in ("time_sent", "time_reply"))
		order = [sent, flow.time + 1e-6, flow.answers[0].time + 1e-6, received + 2e-6]
		equal(order, sorted(order), f"order of times of {spell(target_of(row))}")
		assert abs((received - sent) * 1e3 - float(row["rtt_ms"])) < 0.003, row
