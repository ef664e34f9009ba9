"""What tfomap puts on the wire, made anew from its contract (lib/validate.h, lib/permute.h,
src/targets/targets.h, the manual) and from the RFCs, with nothing of its code: a mistake there
cannot hide here as well. Python's own library only."""

import ipaddress
import struct

KEY = bytes(range(16))
SEED = 1
FIN, SYN, RST, PSH, ACK, ECE = 0x01, 0x02, 0x04, 0x08, 0x10, 0x40
# The kinds of probe, by their numbers in the hash.
KINDS = "syn request request-exp data forged blind bare recheck".split()
OUR_MAC, GATEWAY_MAC = bytes.fromhex("020000000002"), bytes.fromhex("020000000001")
MASK = 2**64 - 1


# ---- what a probe carries: a keyed hash, and the order of the targets ----

def _rotl(x, n):
	return (x << n | x >> (64 - n)) & MASK


def siphash13(key, message):
	"""SipHash-1-3 (Aumasson and Bernstein), 64 bits"""
	k0, k1 = struct.unpack("<QQ", key)
	v = [k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573]

	def rounds(n):
		a, b, c, d = v
		for _ in range(n):
			a = (a + b) & MASK
			c = (c + d) & MASK
			b, d = _rotl(b, 13) ^ a, _rotl(d, 16) ^ c
			a = _rotl(a, 32)
			c = (c + b) & MASK
			a = (a + d) & MASK
			b, d = _rotl(b, 17) ^ c, _rotl(d, 21) ^ a
			c = _rotl(c, 32)
		v[:] = a, b, c, d

	tail = len(message) % 8
	words = message + bytes(7 - tail) + bytes([len(message) & 0xff])
	for (word,) in struct.iter_unpack("<Q", words):
		v[3] ^= word
		rounds(1)
		v[0] ^= word
	v[2] ^= 0xff
	rounds(3)
	return v[0] ^ v[1] ^ v[2] ^ v[3]


# As OpenSSL computes them.
assert siphash13(KEY, b"") == 0xabac0158050fc4dc
assert siphash13(KEY, bytes(range(8))) == 0x369095118d299a8e


class Probes:
	"""Sequence number and source port of every probe of a survey (arms: of one whose sweep sends
	`syn` beside `request`), or of a full scan that tests nothing again."""

	def __init__(self, key=KEY, source_ports=(10000, 32767), retries=0, payload=True, full=False,
			arms=False):
		self.key, self.first = key, source_ports[0]
		followups = 1 + max(retries, 2)
		# In the order of the kinds: each attempt of each kind has its part of the ports.
		attempts = dict.fromkeys(KINDS, followups) if full else {"request": retries + 1}
		if arms:
			attempts["syn"] = retries + 1
		if full:
			attempts["request"] = 2 * followups
		attempts["data"] = 2 * followups if payload else 0
		self.part, n = {}, 0
		for kind in KINDS:
			self.part[kind] = n
			n += attempts.get(kind, 0)
		self.width = (source_ports[1] - source_ports[0] + 1) // n
		self.again = followups  # the attempt number of the first `data` with another cookie

	def tag(self, source, target, port, kind, attempt=0):
		"""(sequence number, source port)"""
		source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
		last = port << 16 | KINDS.index(kind) << 8 | attempt
		if target.version == 4:
			words = int(source) << 32 | int(target), last
		else:
			words = (*divmod(int(source), 2**64), *divmod(int(target), 2**64), last)
		h = siphash13(self.key, struct.pack(f"<{len(words)}Q", *words))
		part = (self.part[kind] + attempt) * self.width
		return h & 0xffffffff, self.first + part + ((h >> 32) * self.width >> 32)


def order(n, seed=SEED):
	"""The target that each place of the sweep visits: a keyed permutation of 0..n-1"""
	b = 1 << n.bit_length() // 2  # the power of two next to the root of n
	a = -(-n // b)
	keys, state = [], seed
	for _ in range(4):
		state = (state + 0x9e3779b97f4a7c15) & MASK
		z = (state ^ state >> 30) * 0xbf58476d1ce4e5b9 & MASK
		z = (z ^ z >> 27) * 0x94d049bb133111eb & MASK
		keys.append(z ^ z >> 31)

	def mix(half, key, m):
		h = (half ^ key) * 0x9e3779b97f4a7c15 & MASK
		h = (h ^ h >> 32) * 0xd6e8feb86659fd93 & MASK
		return (h >> 32) * m >> 32

	def once(x):
		left, right = divmod(x, b)
		for i in (0, 2):
			left = (left + mix(right, keys[i], a)) % a
			right = (right + mix(left, keys[i + 1], b)) % b
		return left * b + right

	def visit(i):
		x = once(i)
		while x >= n:
			x = once(x)
		return x

	return [visit(i) for i in range(n)]


# ---- packets ----

def checksum(data):
	"""The Internet checksum (RFC 1071)"""
	if len(data) % 2:
		data += b"\0"
	total = sum(struct.unpack(f">{len(data) // 2}H", data))
	while total > 0xffff:
		total = (total & 0xffff) + (total >> 16)
	return total ^ 0xffff


def pad(options):
	"""An option area: NOPs up to a whole word"""
	return options + b"\1" * (-len(options) % 4)


def tcp(source, target, sport, dport, seq, ack, flags, options=b"", payload=b"", window=65535,
		offset=None):
	"""A segment, checksum and all. offset: the header's length in words, to lie about it"""
	offset = (20 + len(options)) // 4 if offset is None else offset
	head = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, offset << 4, flags, window, 0, 0)
	segment = head + options + payload
	total = transport_sum(source, target, 6, segment)
	return segment[:16] + struct.pack(">H", total) + segment[18:]


def transport_sum(source, target, protocol, segment):
	source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
	pseudo = source.packed + target.packed
	if source.version == 4:
		pseudo += struct.pack(">BBH", 0, protocol, len(segment))
	else:
		pseudo += struct.pack(">II", len(segment), protocol)
	return checksum(pseudo + segment)


def ip(source, target, protocol, body, ttl=64, tos=0, ident=0, df=True):
	"""An IPv4 or IPv6 packet"""
	source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
	if source.version == 6:
		return struct.pack(">IHBB", 6 << 28 | tos << 20, len(body), protocol, ttl) \
			+ source.packed + target.packed + body
	head = struct.pack(">BBHHHBBH", 0x45, tos, 20 + len(body), ident, 0x4000 if df else 0, ttl,
		protocol, 0) + source.packed + target.packed
	return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


def icmp(source, target, kind, code, quote, **fields):
	"""An ICMP or ICMPv6 error that quotes `quote`, the bytes of a packet"""
	message = struct.pack(">BBHI", kind, code, 0, 0) + quote
	v6 = ipaddress.ip_address(source).version == 6
	total = transport_sum(source, target, 58, message) if v6 else checksum(message)
	message = message[:2] + struct.pack(">H", total) + message[4:]
	return ip(source, target, 58 if v6 else 1, message, **fields)


def ether(packet, ours=True, macs=(OUR_MAC, GATEWAY_MAC)):
	"""An Ethernet frame; ours: from us to the gateway, else the other way"""
	kind = 0x86dd if packet[0] >> 4 == 6 else 0x0800
	source, target = macs if ours else macs[::-1]
	return target + source + struct.pack(">H", kind) + packet


# ---- the SYNs of tfomap ----

def mss(target):
	return 1440 if ipaddress.ip_address(target).version == 6 else 1460


def syn_options(target, name="windows", tfo=b""):
	"""The option sets of --tcp-options, and the TFO option behind them"""
	size = b"\2\4" + struct.pack(">H", mss(target))
	times = b"\x08\x0a" + struct.pack(">II", 0x10000, 0)
	return pad({
		"windows": size + b"\1\3\3\x08" + b"\1\1\4\2",
		"linux": size + b"\4\2" + times + b"\1\3\3\7",
		"bsd": size + b"\1\3\3\6" + b"\4\2" + times,
		"mss": size,
		"none": b"",
	}[name] + tfo)


def tfo_option(kind, cookie):
	magic = b"\xf9\x89" if kind == 254 else b""
	return bytes([kind, 2 + len(magic) + len(cookie)]) + magic + cookie


def probe(probes, source, target, port, kind, attempt, tfo, payload=b"", options="windows"):
	"""The IP packet of one SYN"""
	seq, sport = probes.tag(source, target, port, kind, attempt)
	segment = tcp(source, target, sport, port, seq, 0, SYN, syn_options(target, options, tfo),
		payload)
	return ip(source, target, 6, segment)


# ---- capture files ----

def write_pcap(path, packets, link=1, precision=10**9):
	"""packets: (time in ns, bytes) or (time in ns, bytes, how many of them were captured)"""
	magic = 0xa1b23c4d if precision == 10**9 else 0xa1b2c3d4
	with open(path, "wb") as f:
		f.write(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 65535, link))
		for ns, data, *kept in packets:
			have = data[:kept[0]] if kept else data
			seconds, rest = divmod(ns, 10**9)
			f.write(struct.pack("<IIII", seconds, rest * precision // 10**9, len(have),
				len(data)) + have)


def write_pcapng(path, packets, links):
	"""packets: (time in ns, bytes, which of the links it came by); links: the interfaces' types"""
	def block(kind, body):
		body += bytes(-len(body) % 4)
		return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

	with open(path, "wb") as f:
		f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
		for link in links:
			f.write(block(1, struct.pack("<HHI", link, 0, 65535)))
		for ns, data, interface in packets:
			high, low = divmod(ns // 1000, 2**32)
			f.write(block(6, struct.pack("<IIIII", interface, high, low, len(data), len(data))
				+ data))


def read_pcap(path):
	"""[(time in ns, bytes)] of a file that write_pcap() or libpcap on this machine made"""
	with open(path, "rb") as f:
		data = f.read()
	magic, = struct.unpack_from("<I", data)
	precision = {0xa1b23c4d: 10**9, 0xa1b2c3d4: 10**6}[magic]
	packets, at = [], 24
	while at < len(data):
		seconds, rest, have, _ = struct.unpack_from("<IIII", data, at)
		ns = seconds * 10**9 + rest * (10**9 // precision)
		packets.append((ns, data[at + 16:at + 16 + have]))
		at += 16 + have
	return packets
