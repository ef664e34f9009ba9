"""PATHspider: its job files are read, its results made as the manual says; and its side of the
comparison there is what a Linux client meets that makes PATHspider's three connections."""

import json
import socket
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pathspider
from harness import (HOSTS, SEVEN, WORK, Capture, captured, case, equal, inside, shell, spell,
	write)
from manual import example
from pathspider import LOST, OK, REFUSED, Flow
from .boxes import BOXES, fill_the_queue

# ---- its files ----

# What its resolver adds to a job; a list of names that no address was found for has others.
MORE = {"rank": "888508", "lookupType": "host", "lookupAttempts": 1,
	"info": {"ASN": 64496, "Prefix": "198.18.0.0/15", "CountryCode": "AA-BB"}}


def _jobs():
	"""A job each of some servers, as PATHspider's resolver writes them"""
	names = ("nginx", "knot", "nginx-plain", "closed", "silent")
	return [{"domain": f"{name}.lab.test", "dp": port, "dip": ip, **MORE}
		for name in names for ip, port in HOSTS[name].twins]


@case("peers/jobs-and-results")
def its_jobs_come_in_and_its_results_go_out():
	"""jq does the latter, as the manual has it; what it makes is held against the far end."""
	jobs = {(job["dip"], job["dp"]): job for job in _jobs()}
	lines = write("jobs.ndjson", "".join(json.dumps(job) + "\n" for job in jobs.values()))
	_, capture = captured("-I", lines, "--plan", "path", "--confirm", 0, "--retries", 0, "--report",
		"all", "-O", "ndjson", "-o", f"{WORK}/rows.ndjson")
	text = subprocess.run(["bash", "-euc", "\n".join(example("def flow:"))], cwd=WORK, check=True,
		stdout=subprocess.PIPE, text=True).stdout
	results = {(one["dip"], one["dp"]): one for one in map(json.loads, text.splitlines())}
	equal(results.keys(), jobs.keys(), "targets of results")
	for target, one in results.items():
		equal({key: one[key] for key in jobs[target]}, jobs[target], "the job in its result")
		flows = {flow.sport: flow for flow in capture.flows[target]}
		equal(one["path"], [flow.source for flow in flows.values()][:1] + [target[0]], "path")
		for flow in [one, *one["flow_results"]]:
			_check_flow(flow, flows[flow["sp"]])
		_check_conditions(one)


def _check_flow(flow, seen):
	answer = seen.first("synack")
	want = (seen.kind, answer.kind if answer else 0, len(seen.cookie) // 2,
		len(answer.cookie) // 2 if answer else 0, seen.seq, seen.dlen)
	equal(tuple(flow[name] for name in SEVEN[:-1]), want, SEVEN[:-1])
	equal(flow["tfo_ack"], seen.answers[0].ack if seen.answers else 0, "tfo_ack")
	equal(flow["sip"], seen.source, "sip")


def _check_conditions(one):
	"""PATHspider's rules find in the flows what the conditions say."""
	flows = {flow["config"]: Flow({0: OK, 1: REFUSED, 2: LOST}[flow["spdr_state"]],
		flow["tfo_synclen"], flow["tfo_dlen"], (flow["tfo_ack"] - flow["tfo_seq"] - 1) % 2**32)
		for flow in one["flow_results"]}
	last = flows.get(2, flows[1])
	words = pathspider.conditions([flows[0], flows[1], last]) or ["offline"]
	told = {condition.split(".")[-1] for condition in one["conditions"]}
	equal(told, set(words), f"conditions of {one['domain']}")


# ---- a client of its kind ----

REAL = [box for box in BOXES.values() if not box.is_persona]
QUERY = b"what PATHspider would ask"
PATIENCE_S = 4  # a lost SYN is sent again after 1 s
SYN_SENT = 2
CLIENT4, CLIENT6 = "198.19.0.3", "2001:2:0:ff::3"  # of nobody else, so that it has no cookies yet
# An ICMP error that comes while the kernel still sends the SYN is passed over, and the next SYN has
# no option. One that comes later ends the connection, as it does at strip-reject.
TOO_NEAR = {"reject-option": [Flow(OK)] * 3}


@contextmanager
def _client_addresses():
	shell(f"ip -n scan address add {CLIENT4}/24 dev scan0")
	shell(f"ip -n scan address add {CLIENT6}/64 dev scan0 nodad")
	try:
		yield
	finally:
		shell(f"ip -n scan address delete {CLIENT4}/24 dev scan0")
		shell(f"ip -n scan address delete {CLIENT6}/64 dev scan0")


def _connection(target, fast):
	"""One connection: (how it went, its port)"""
	with inside("scan"):
		s = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET)
	s.bind((CLIENT6 if ":" in target[0] else CLIENT4, 0))
	s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", PATIENCE_S, 0))
	state = OK
	with s:
		try:
			if fast:
				s.sendto(QUERY, socket.MSG_FASTOPEN, target)
			else:
				s.connect(target)
			# Out of patience, sendto() says that the data is on its way.
			if s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == SYN_SENT:
				state = LOST
		except BlockingIOError:
			state = LOST
		except OSError:
			state = REFUSED
		return state, s.getsockname()[1]


def _three(target):
	return [_connection(target, fast) for fast in (False, True, True)]


def _observed(state, port, flows):
	"""As PATHspider's observer tells a connection: by its SYN with TFO, and its last SYN/ACK"""
	own = [flow for flow in flows if flow.sport == port]
	tfo = [flow for flow in own if flow.kind]
	acks = [answer.ack for flow in own for answer in flow.answers if answer.reply == "synack"]
	if not tfo or not acks:
		return Flow(state)
	return Flow(state, len(tfo[0].cookie) // 2, tfo[0].dlen, (acks[-1] - tfo[0].seq - 1) % 2**32)


@case("peers/linux-client")
def a_linux_client_meets_what_the_model_says():
	fill_the_queue()
	shell("boxes_filters")
	shell("topology_sysctl scan ipv4/tcp_fastopen 1 ipv4/tcp_fastopen_blackhole_timeout_sec 0")
	targets = [target for box in REAL for target in box.twins]
	with _client_addresses(), Capture() as capture, ThreadPoolExecutor(len(targets)) as pool:
		went = dict(zip(targets, pool.map(_three, targets)))
	wrong = []
	for box in REAL:
		model = TOO_NEAR.get(box.name) or pathspider.client(box)
		for target in box.twins:
			flows = [_observed(*one, capture.flows.get(target, [])) for one in went[target]]
			states = [flow.state for flow in flows], [flow.state for flow in model]
			said = pathspider.conditions(flows), pathspider.conditions(model)
			if states[0] != states[1] or said[0] != said[1]:
				wrong.append(f"{box.name}, {spell(target)}: {states[0]} {said[0]}, "
					f"the model says {states[1]} {said[1]}")
	assert not wrong, "\n".join(wrong)
