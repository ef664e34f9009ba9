"""What really happened: the servers' own counters, and tshark's reading of a capture taken at
the servers' end of the cable. Nothing in this file asks tfomap."""

import ctypes
import ipaddress
import itertools
import json
import os
import re
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

from dissect import Dissector

WORK = "/run/lab"
CLONE_NEWNET = 0x40000000
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
CLIENT_PORTS = range(61000, 61010)  # the lab's own clients: no capture is about them
LATE_S = 0.9  # doc/protocol.md 2: verdict "unknown"
FIELDS = """frame.time_epoch ip.src ip.dst ipv6.src ipv6.dst tcp.srcport tcp.dstport tcp.flags
	tcp.seq_raw tcp.ack_raw tcp.len tcp.options tcp.option_kind tcp.options.tfo.cookie
	tcp.checksum.status tcp.payload icmp.type icmpv6.type ip.ttl ipv6.hlim tcp.window_size_value
	tcp.options.mss_val tcp.options.wscale.shift""".split()

_dissector = Dissector(FIELDS)

# Who stands for the rest of the world is not slow when this machine is busy, where this user may
# say so; nice runs it all the same where not.
FAR_END = ["nice", "-n", "-20"]

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def inside(host):
	"""This thread, inside a host's network namespace: for sockets and counters."""
	home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
	there = os.open(f"/run/netns/{host}", os.O_RDONLY)
	try:
		if _libc.setns(there, CLONE_NEWNET):
			raise OSError(ctypes.get_errno(), "setns " + host)
		yield
	finally:
		_libc.setns(home, CLONE_NEWNET)
		os.close(there)
		os.close(home)


def wait_for(condition, what, limit_s=20):
	"""Waits until condition() is true; its value is returned."""
	end = time.monotonic() + limit_s
	while not (value := condition()):
		assert time.monotonic() < end, f"waited {limit_s} s for {what}"
		time.sleep(0.01)
	return value


def fastopen_counters(host="net"):
	"""TCPFastOpen* of a host's kernel (net: the servers'), without the prefix."""
	with inside(host), open("/proc/thread-self/net/netstat") as lines:
		names, values = [line.split() for line in lines if line.startswith("TcpExt:")]
	return {name[11:]: int(value) for name, value in zip(names, values)
		if name.startswith("TCPFastOpen")}


def syn_counters():
	"""SYNs that reached the servers' end, counted by nftables: all, and those with a cookie."""
	text = subprocess.run("ip netns exec net nft -j list counters".split(),
		check=True, capture_output=True, text=True).stdout
	found = {c["counter"]["name"]: c["counter"]["packets"]
		for c in json.loads(text)["nftables"] if "counter" in c}
	return found["syn_all"], found["syn_cookie"]


@dataclass
class Answer:
	reply: str  # synack, rst, icmp: the words of the field "reply"
	time: float
	ttl: str
	ack: int = 0
	kind: int = 0
	cookie: str = ""
	rest: dict = field(default_factory=dict)  # fields of a row that are read off it directly


@dataclass
class Flow:
	"""One SYN of the scanner and what came back."""
	source: str
	sport: int
	time: float
	seq: int
	kind: int
	cookie: str
	dlen: int
	options: str
	kinds: list
	payload: bytes
	sound: bool  # its TCP checksum is right
	answers: list = field(default_factory=list)
	early: int = 0  # bytes of response before any ACK of the scanner's
	resets: int = 0  # RSTs of the scanner
	closing: str = ""  # what the scanner sent after its SYN, in order: A an ACK, R a RST
	ttl: int = 0

	@property
	def is_data(self):
		return bool(self.cookie)

	def first(self, reply):
		return next((a for a in self.answers if a.reply == reply), None)

	def acked(self):
		return (self.first("synack").ack - self.seq - 1) % 2**32


def _tfo_kind(kinds):
	return next((k for k in (34, 254) if str(k) in kinds), 0)


def _cable_losses(ends):
	"""Packets that either end of a cable had no room for, as the kernel counts them"""
	n = 0
	for host, interface in ends:
		with inside(host), open("/proc/thread-self/net/dev") as lines:
			counts = next(line for line in lines if interface + ":" in line).split(":")[1].split()
		n += int(counts[3]) + int(counts[11])
	return n


class Capture:
	"""A capture of the servers' end: with Capture() as c: ...; then c.flows is
	{(address, port): [Flow...]}, in the order of sending; c.stray are answers to none of them;
	c.lost is how many packets may be missing, as cable and capture counted themselves. Of another
	cable where there is one: near and far are its ends, (host, interface), far is listened at, and
	`marked` an address behind it. only: what to keep, for dumpcap."""

	_numbers = itertools.count()

	def __init__(self, near=("scan", "scan0"), far=("net", "net0"), marked="198.18.255.255",
			only="tcp or icmp or icmp6"):
		self._ends, self._marked, self._only = (near, far), marked, only

	def __enter__(self):
		name = f"{WORK}/capture-{next(self._numbers)}"
		self.path = name + ".pcap"
		self._log = name + ".log"
		self._lost_before = _cable_losses(self._ends)
		host, interface = self._ends[1]
		wanted = f"({self._only} or udp port 9) and not portrange " \
			f"{CLIENT_PORTS[0]}-{CLIENT_PORTS[-1]}"
		with open(self._log, "w") as log:
			self._dumpcap = subprocess.Popen([*FAR_END, "ip", "netns", "exec", host, "dumpcap", "-i",
				interface, "-P", "-B", "64", "-f", wanted, "-w", self.path],
				stdin=subprocess.DEVNULL, stdout=log, stderr=log)
		wait_for(lambda: "File:" in open(self._log).read(), "dumpcap to start")
		return self

	def __exit__(self, kind, value, trace):
		"""Ends the capture once a marker sent after everything else is in the file."""
		try:
			if kind is None:
				self._mark()
		finally:
			self._dumpcap.send_signal(2)
			self._dumpcap.wait(20)
		if kind is None:
			self.lost = self._count_lost()
			self._found = None

	def _mark(self):
		marker, last_s = os.urandom(16), 0.0
		with inside("scan"):
			s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

		def is_there():
			nonlocal last_s
			# A busy machine may lose one.
			if time.monotonic() >= last_s + 1:
				s.sendto(marker, (self._marked, 9))
				last_s = time.monotonic()
			return marker in self._tail()
		with s:
			wait_for(is_there, "the marker in the capture", 60)

	def _tail(self):
		with open(self.path, "rb") as f:
			f.seek(max(0, os.path.getsize(self.path) - 65536))
			return f.read()

	def _count_lost(self):
		with open(self._log) as log:
			dropped = re.search(r"received/dropped on interface '\w+': \d+/(\d+)", log.read())
		return int(dropped[1]) + _cable_losses(self._ends) - self._lost_before

	@property
	def flows(self):
		return self._packets().flows

	@property
	def stray(self):
		"""A server that an earlier scan left waiting says so again and again: that is not meant."""
		packets = self._packets()
		return [answer for answer in packets.stray if answer[0][2:] in packets.flows]

	def _packets(self):
		"""Read when they are asked for: of many packets that takes a while."""
		if not self._found:
			self._found = self._read()
		return self._found

	def _read(self):
		packets = Packets()
		for line in _dissector.lines(self.path):
			packets.add(dict(zip(FIELDS, line.split("\t"))))
		return packets

	@property
	def syns(self):
		return sum(len(flows) for flows in self.flows.values())


class Packets:
	"""What was on the wire, by the SYNs that it was about"""

	def __init__(self):
		self.flows, self.stray = {}, []
		self._by_key = {}

	def add(self, p):
		if not p["tcp.srcport"]:
			return
		# An ICMP error quotes a packet of the scanner: its addresses come last.
		quoted = bool(p["icmp.type"] or p["icmpv6.type"])
		sources = (p["ipv6.src"] or p["ip.src"]).split(",")
		dests = (p["ipv6.dst"] or p["ip.dst"]).split(",")
		here = (str(ipaddress.ip_address(sources[-1])), int(p["tcp.srcport"]))
		there = (str(ipaddress.ip_address(dests[-1])), int(p["tcp.dstport"]))
		when = float(p["frame.time_epoch"])
		ttl = (p["ipv6.hlim"] or p["ip.ttl"]).split(",")[0]
		if quoted:
			self._answer(here + there, Answer("icmp", when, ttl))
			return
		flags = int(p["tcp.flags"], 16)
		kinds = p["tcp.option_kind"].split(",")
		kind, cookie = _tfo_kind(kinds), p["tcp.options.tfo.cookie"]
		ack, length = int(p["tcp.ack_raw"] or 0), int(p["tcp.len"] or 0)
		if flags & (SYN | ACK) == SYN:
			flow = Flow(here[0], here[1], when, int(p["tcp.seq_raw"]), kind, cookie, length,
				p["tcp.options"], kinds, bytes.fromhex(p["tcp.payload"]),
				p["tcp.checksum.status"] == "1", ttl=int(ttl))
			self.flows.setdefault(there, []).append(flow)
			self._by_key[here + there] = flow
		elif here + there in self._by_key:
			flow = self._by_key[here + there]
			flow.resets += bool(flags & RST)
			flow.closing += "R" if flags & RST else "A"
		elif flags & (SYN | ACK) == SYN | ACK:
			rest = {"window": p["tcp.window_size_value"], "mss": p["tcp.options.mss_val"],
				"wscale": p["tcp.options.wscale.shift"], "tcp_options": "-".join(kinds)}
			self._answer(there + here, Answer("synack", when, ttl, ack, kind, cookie, rest))
		elif flags & RST:
			self._answer(there + here, Answer("rst", when, ttl, ack))
		elif there + here in self._by_key and not self._by_key[there + here].resets:
			self._by_key[there + here].early += length

	def _answer(self, key, answer):
		if key in self._by_key:
			self._by_key[key].answers.append(answer)
		else:
			self.stray.append((key, answer))


def _last_data(flows):
	"""The last `data` that a SYN/ACK answered, [] or [flow]: of its attempts the one whose came first,
	as on a busy machine an answer may come when the next attempt has left"""
	data = [f for f in flows if f.is_data and f.first("synack")]
	attempts = [f for f in data if f.cookie == data[-1].cookie]
	return sorted(attempts, key=lambda f: f.first("synack").time)[:1]


def _deciding(flows):
	"""OUTPUT FIELDS of tfomap(8): the flow that a target's row is about."""
	data = _last_data(flows)
	gave = [f for f in flows if not f.is_data and f.first("synack") and f.first("synack").cookie]
	answered = [f for f in flows if f.answers]
	return (data or gave or answered or flows)[0]


def _verdict(flows):
	"""VERDICTS of tfomap(8), as far as a survey of sound servers goes."""
	answers = [a for f in flows for a in f.answers]
	if not answers:
		return "offline"
	if not any(a.reply == "synack" for a in answers):
		return "closed" if any(a.reply == "rst" for a in answers) else "unreachable"
	data = [f for f in flows if f.is_data]
	if not data:
		asked = [f for f in flows if f.first("synack")]
		if any(f.first("synack").cookie for f in asked):
			return "cookie-only"
		late = all(f.first("synack").time - f.time >= LATE_S for f in asked)
		return "unknown" if late else "no-cookie"
	data = _last_data(flows)
	if not data:
		return "second-blocked"
	last = data[0]
	if last.acked() == last.dlen:
		return "accepted"
	if last.acked():
		return "partial"
	return "refused" if last.first("synack").kind else "ignored"


def _conditions(flows, verdict):
	"""CONDITIONS of tfomap(8)."""
	data = [f for f in flows if f.is_data]
	synacks = [f.first("synack") for f in flows if f.first("synack")]
	if not synacks:
		return {"tfo.connectivity.offline"}
	found = {"tfo.connectivity.broken" if verdict == "second-blocked"
		else "tfo.connectivity.works"}
	if any(a.cookie for a in synacks):
		found.add("tfo.cookie.received")
	elif any(f.first("synack") for f in flows if not f.is_data):
		found.add("tfo.cookie.not_received")  # nothing but a request is owed one
	if data:
		word = {"accepted": "acked", "second-blocked": "failed"}.get(verdict, "not_acked")
		found |= {"tfo.syndata." + word, "tfo.cookie." + word}
	return found


def expected_row(flows):
	"""The row that these flows of one target must have become; "" where nothing is to be said."""
	flow = _deciding(flows)
	cookies = [f.first("synack").cookie for f in flows if f.first("synack")]
	row = {
		"verdict": _verdict(flows), "conditions": _conditions(flows, _verdict(flows)),
		"tfo_synkind": flow.kind, "tfo_synclen": len(flow.cookie) // 2,
		"tfo_seq": flow.seq, "tfo_dlen": flow.dlen, "probes": len(flows),
		"source_ip": flow.source, "source_port": flow.sport,
		"cookie": next((c for c in reversed(cookies) if c), ""),
	}
	answer = flow.first("synack") or next(iter(flow.answers), None)
	row |= dict.fromkeys(("tfo_ackkind", "tfo_ackclen", "tfo_ack", "tfo_acked", "ttl", "window",
		"mss", "wscale"), "")
	row["reply"] = answer.reply if answer else "none"
	if answer:
		row["ttl"] = answer.ttl
	if answer and answer.reply != "icmp":
		row |= {"tfo_ack": answer.ack, "tfo_acked": (answer.ack - flow.seq - 1) % 2**32}
	if answer and answer.reply == "synack":
		row |= {"tfo_ackkind": answer.kind, "tfo_ackclen": len(answer.cookie) // 2} | answer.rest
	elif answer and answer.reply == "rst":
		row["window"] = 0
	return row
