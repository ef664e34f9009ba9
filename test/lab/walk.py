"""Walks the chain by itself, a SYN for every TTL, and reads what the hops say: whether the chain
does what its table (chain.py) says, without asking tfomap."""

import select
import socket
import struct

import chain
from truth import ACK, CLIENT_PORTS, RST, SYN, inside, wait_for
from wire import ip, syn_options, tcp, tfo_option

SOURCES = ("198.19.0.2", "2001:2:0:ff::2")
PAYLOAD = b"GET / HTTP/1.0\r\n\r\n"
TFO = 34
# What a SYN carries: option, data; one source port a kind
KINDS = {"syn": (b"", b""), "request": (tfo_option(TFO, b""), b""),
	"bare": (tfo_option(TFO, bytes(range(8))), b""), "blind": (b"", PAYLOAD)}
OF_FAULT = {"drop-cookie": "bare", "drop-data": "blind"}
TRIES = 3
ROUTER_TTLS = (*chain.ROUTERS, chain.HOPS)


def feature(row):
	"""The kind of SYN that a row's fault is about"""
	return OF_FAULT.get(row.fault, "request")


def syn(target, kind, ttl):
	"""Its sequence number says what it was: kind, TTL, 16 bits that a reset may have moved"""
	address, port = target
	source = SOURCES[":" in address]
	number = list(KINDS).index(kind)
	option, data = KINDS[kind]
	segment = tcp(source, address, CLIENT_PORTS[number], port, number << 28 | ttl << 20, 0, SYN,
		syn_options(address, tfo=option), data)
	return ip(source, address, socket.IPPROTO_TCP, segment, ttl=ttl)


def _is_of(seq):
	return list(KINDS)[seq >> 28], seq >> 20 & 0xff


def _of_quote(quote, is_time):
	"""What an ICMP error says of a SYN of ours"""
	if not is_time:
		return "unreachable"
	if len(quote) < 20:
		return "short"
	kind, _ = _is_of(struct.unpack_from("!I", quote, 4)[0])
	option, data = KINDS[kind]
	head = (quote[12] >> 4) * 4
	return "whole" if option in quote[20:head] and quote[head:] == data else "gone"


def _has_option(segment):
	at, end = 20, (segment[12] >> 4) * 4
	while at < end and segment[at] not in (0, TFO):
		at += 1 if segment[at] == 1 else max(segment[at + 1], 2)
	return at < end and segment[at] == TFO


def read(packet):
	"""(target, kind, TTL, who says so, what), or None"""
	is6 = packet[0] >> 4 == 6
	protocol, at = (packet[6], 40) if is6 else (packet[9], (packet[0] & 15) * 4)
	family, ends = (socket.AF_INET6, (8, 24, 40)) if is6 else (socket.AF_INET, (12, 16, 20))
	who, body = socket.inet_ntop(family, packet[ends[0]:ends[1]]), packet[at:]
	if protocol == socket.IPPROTO_TCP:
		sport, dport, _, ack = struct.unpack_from("!HHII", body)
		if dport not in CLIENT_PORTS or not body[13] & ACK:
			return None
		what = "reset" if body[13] & RST else "offer" if _has_option(body) else "answer"
		return (who, sport), *_is_of((ack - 1) & 0xffffffff), who, what
	errors = {(1, 11): True, (1, 3): False, (58, 3): True, (58, 1): False}
	if (protocol, body[0]) not in errors:
		return None
	inner = body[8:]
	there = socket.inet_ntop(family, inner[ends[1]:ends[2]])
	quote = inner[40 if is6 else 20:]
	port, seq = struct.unpack_from("!2xHI", quote)
	return (there, port), *_is_of(seq), who, _of_quote(quote, errors[protocol, body[0]])


class Walk:
	"""What came of all that was sent: said[target, kind][ttl] = (who, what)"""

	def __init__(self, rows):
		self.said = {}
		with inside("scan"):
			self._ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
			self._ear.bind(("scan0", 3))
			self._mouths = [socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
				for family in (socket.AF_INET, socket.AF_INET6)]
		self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
		# A machine that is busy loses a packet now and then, which is no box: that loses each.
		for _ in range(TRIES):
			for row in rows:
				for target in row.twins:
					self._send(target, "syn")
					self._send(target, feature(row))
			self._settle()
		self._ear.close()

	def _send(self, target, kind):
		"""Of each TTL that nobody has answered"""
		mouth = self._mouths[":" in target[0]]
		said = self.said.setdefault((target, kind), {})
		for ttl in ROUTER_TTLS:
			if ttl not in said:
				mouth.sendto(syn(target, kind, ttl), (target[0], 0))
		self._hear()

	def _hear(self):
		"""All that is there"""
		while True:
			try:
				packet = self._ear.recv(2048, socket.MSG_DONTWAIT)
			except BlockingIOError:
				return
			if (found := read(packet)):
				target, kind, ttl, *said = found
				self.said.setdefault((target, kind), {}).setdefault(ttl, tuple(said))

	def _settle(self):
		"""Hops answer in the order that they are asked: when a last word of each is there, all is."""
		last = next(row for row in chain.ROWS if row.name == "plain-all-short")
		fences = [(target, "bare") for target in last.twins]
		for fence in fences:
			self.said.pop(fence, None)
			self._send(*fence)

		def are_there():
			if not select.select([self._ear], [], [], 1)[0]:
				for fence in fences:
					self._send(*fence)
			self._hear()
			return all(len(self.said[fence]) == chain.HOPS for fence in fences)
		wait_for(are_there, "the last words of all hops", 60)
