"""Captures told as stories: what was sent to a target and what came back, when."""

import ipaddress
import os

import wire
from wire import ACK, PSH, RST, SYN

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")
PORT = 7
SCAN = {4: "198.19.0.2", 6: "2001:2:0:ff::2"}
ROUTER = {4: "198.19.0.1", 6: "2001:2:0:ff::1"}
START_NS = 1767323045 * 10**9  # 2026-01-02T03:04:05Z
SERVER_SEQ = 0x10203040  # of its SYN; its first byte is one further
MS = 10**6
GAP_NS = MS  # between the first SYNs of two targets
PAYLOAD = b"0123456789abcdefgh"  # --payload text:...; 18 bytes, as in vector 13


def behind(kind, head):
	"""In an Ethernet frame of that Ethertype, behind these bytes"""
	def frame(packet, ours):
		inner = head(packet) if callable(head) else head
		return wire.ether(packet, ours)[:12] + bytes.fromhex(kind) + inner + packet
	return frame


def ethertype(packet):
	return b"\x86\xdd" if packet[0] >> 4 == 6 else b"\x08\0"


def pppoe(packet):
	"""RFC 2516: version and type 1, session 7; then PPP's protocol"""
	protocol = b"\0\x57" if packet[0] >> 4 == 6 else b"\0\x21"
	return b"\x11\0\0\7" + (len(packet) + 2).to_bytes(2, "big") + protocol


def wrapped(outer, frame):
	"""A frame with a tag (VLAN 9) before its Ethertype"""
	def tagged(packet, ours):
		inner = frame(packet, ours)
		return inner[:12] + bytes.fromhex(outer) + b"\0\x09" + inner[12:]
	return tagged


def cooked(packet, ours):
	"""As Linux's "any" interface has it (LINKTYPE_LINUX_SLL)"""
	return bytes([0, 4 if ours else 0, 0, 1, 0, 6]) + wire.GATEWAY_MAC + bytes(2) \
		+ ethertype(packet) + packet


# What a packet looks like in a capture, by its link type; those with names are kinds of 1.
LINKS = {1: wire.ether, 101: lambda packet, ours: packet, 113: cooked,
	105: lambda packet, ours: packet,
	"vlan": wrapped("8100", wire.ether),
	"qinq": wrapped("88a8", wrapped("8100", wire.ether)),
	"pppoe": behind("8864", pppoe), "pppoe-vlan": wrapped("8100", behind("8864", pppoe)),
	"mpls": behind("8847", b"\0\x01\0\x40" b"\0\x02\x01\x40"),  # two labels, the last one says so
	"provider": behind("88e7", bytes(18))}  # a backbone's (802.1ah), which is not read


class Capture:
	"""targets: None: those of the case's file. The first SYN to the target of place k of the
	order goes out k ms after the start; all other times count from it, in ms. place, clock: of
	(ns, ours), which say for the time of a packet where it stands in the file, as a time, and what
	time it bears."""

	def __init__(self, name, targets=None, ports=(PORT,), payload=PAYLOAD, seed=wire.SEED, link=1,
			precision=10**9, place=None, clock=None, snaplen=65535, **probes):
		self.path = os.path.join(CASES, name, "in.pcap")
		self.payload, self.link, self.precision = payload, link, precision
		self.snaplen = snaplen
		self.at = place or (lambda ns, ours: ns)
		self.clock = clock or (lambda ns, ours: ns)
		self.probes = wire.Probes(payload=bool(payload), **probes)
		self.packets = []
		pairs = [(a, p) for a in targets or self.listed(name) for p in ports]
		self.place = {pairs[x]: k for k, x in enumerate(wire.order(len(pairs), seed))}

	@staticmethod
	def listed(name):
		with open(os.path.join(CASES, name, "targets"), encoding="utf-8") as f:
			words = [line.split("#")[0].split() for line in f]
		addresses = {ipaddress.ip_address(w[0]) for w in words if w}
		return [str(a) for a in sorted(addresses, key=lambda a: (a.version, int(a)))]

	def target(self, address, port=PORT):
		return Target(self, address, port)

	def twins(self, n):
		"""The target n of both families"""
		return self.target(f"198.18.1.{n}"), self.target(f"2001:2:0:1::{n}")

	def add(self, ns, packet, ours, kept=None):
		"""kept: how many bytes of the frame were captured"""
		frame = LINKS[self.link](packet, ours)
		kept = min(len(frame) if kept is None else kept, self.snaplen)
		self.packets.append((self.at(ns, ours), START_NS + self.clock(ns, ours), frame, kept))

	def write(self):
		self.packets.sort(key=lambda p: p[0])
		link = 1 if isinstance(self.link, str) else self.link
		wire.write_pcap(self.path, [p[1:] for p in self.packets], link, self.precision)


class Target:
	"""A target: what was sent to it and what came back. Answers are to the probe sent last."""

	def __init__(self, cap, address, port):
		self.cap, self.address, self.port = cap, address, port
		self.version = ipaddress.ip_address(address).version
		self.source = SCAN[self.version]
		place = cap.place.get((address, port), 0)
		self.start_ns = place * GAP_NS

	# ---- sent ----

	def _probe(self, at, kind, attempt, tfo, payload, saved):
		self.kind, self.attempt = kind, attempt
		self.seq, self.sport = self.cap.probes.tag(self.source, self.address, self.port, kind,
			attempt)
		self.syn = wire.probe(self.cap.probes, self.source, self.address, self.port, kind,
			attempt, bytes.fromhex(tfo), payload)
		if saved:
			self.cap.add(self.start_ns + round(at * MS), self.syn, True)
		return self

	def request(self, at=0, attempt=0, saved=True):
		"""saved: False: it is not in the capture"""
		return self._probe(at, "request", attempt, "2202", b"", saved)

	def data(self, at, tfo, attempt=0, saved=True):
		return self._probe(at, "data", attempt, tfo, self.cap.payload, saved)

	def probe(self, at, kind, tfo="", dlen=0):
		"""Another kind, of a path or a full scan; dlen: all of the payload, or 0"""
		return self._probe(at, kind, 0, tfo, self.cap.payload[:dlen], True)

	def again(self, at, tfo):
		"""The first `data` with another cookie"""
		return self.data(at, tfo, self.cap.probes.again)

	# ---- received ----

	def _come(self, at, packet, kept=None):
		self.cap.add(self.start_ns + round(at * MS), packet, False, kept)
		return self

	def options(self, tfo=""):
		"""A server's: MSS, SACK permitted, window scale 7, then TFO"""
		mss = wire.mss(self.address).to_bytes(2, "big")
		return wire.pad(b"\2\4" + mss + b"\1\1\4\2" + b"\1\3\3\7" + bytes.fromhex(tfo))

	def tcp(self, at, flags, acked=0, options=b"", payload=b"", window=65160, kept=None,
			offset=None, ack=None, source=None, **ip):
		"""acked: data bytes acknowledged beyond the SYN. ack: the number itself"""
		if ack is None:
			ack = self.seq + 1 + acked if flags & ACK else 0
		source = source or self.address
		segment = wire.tcp(source, self.source, self.port, self.sport, SERVER_SEQ + (not flags & SYN), ack % 2**32,
			flags, options, payload, window, offset)
		fields = {"ttl": 60} | ip
		return self._come(at, wire.ip(source, self.source, 6, segment, **fields), kept)

	def synack(self, at, tfo="", acked=0, flags=SYN | ACK, area=None, **how):
		"""tfo: the option in hex. area: the whole option area in its place, in hex"""
		options = self.options(tfo) if area is None else bytes.fromhex(area)
		return self.tcp(at, flags, acked, options, **how)

	def rst(self, at, acked=0, flags=RST | ACK):
		return self.tcp(at, flags, acked, window=0)

	def bytes(self, at, n, acked=0, flags=PSH | ACK):
		"""A segment with n bytes of response"""
		return self.tcp(at, flags, acked, payload=b"x" * n)

	def icmp(self, at, kind, code, quoted=None, quote=None, source=None):
		"""quoted: bytes of TCP in the quote, None: the whole packet. quote: another packet"""
		packet = quote or self.syn
		head = 20 if self.version == 4 else 40
		packet = packet if quoted is None else packet[:head + quoted]
		return self._come(at, wire.icmp(source or ROUTER[self.version], self.source, kind, code,
			packet, ttl=63))

	def accepted(self, at, tfo):
		"""The data probe, accepted without a word about TFO"""
		return self.data(at, tfo).synack(at + 10, acked=len(self.cap.payload))
