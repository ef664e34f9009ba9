"""usage: queued.py HOST... - does what no rule can to the packets that each host's netfilter queues:

queue 7  ICMP errors: cut down to a quote of 8 bytes of TCP, the least that a router must quote
         (RFC 792)
queue 8  SYNs and SYN/ACKs: a SYN/ACK that acknowledges the data of its SYN is dropped

Says "ready" once it listens everywhere."""

import selectors
import socket
import struct
import sys

from truth import ACK, inside
from wire import checksum, transport_sum

NETLINK_NETFILTER, QUEUE = 12, 3
PACKET, VERDICT, CONFIG = 0, 1, 2  # messages
HEADER, PAYLOAD = 1, 10  # attributes of the first; of verdicts: VERDICT_HEADER, PAYLOAD
VERDICT_HEADER, COMMAND, PARAMETERS, LENGTH = 2, 1, 2, 3
BIND, COPY_PACKET, DROP, ACCEPT = 1, 2, 0, 1
TRIM, ACCEPTANCES = 7, 8  # queues
MOST = 65536  # packets in one of them
QUOTED = 8  # bytes behind the quoted IP header


def attribute(kind, data):
	return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def message(kind, queue, *attributes):
	body = struct.pack("!BBH", socket.AF_UNSPEC, 0, queue) + b"".join(attributes)
	return struct.pack("=IHHII", 16 + len(body), QUEUE << 8 | kind, 1, 0, 0) + body


def attributes(data):
	found = {}
	while len(data) >= 4:
		length, kind = struct.unpack_from("=HH", data)
		found[kind & 0x3fff] = data[4:length]
		data = data[length + 3 & ~3:]
	return found


def listen(host, queue):
	with inside(host):
		s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
	s.bind((0, 0))
	s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
	s.send(message(CONFIG, queue, attribute(COMMAND, struct.pack("!BxH", BIND, 0))))
	s.send(message(CONFIG, queue, attribute(PARAMETERS, struct.pack("!IB", 0xffff, COPY_PACKET)),
		attribute(LENGTH, struct.pack("!I", MOST))))
	return s


def trimmed4(packet):
	packet = bytearray(packet[:20 + 8 + 20 + QUOTED])
	packet[2:4] = struct.pack("!H", len(packet))
	packet[10:12] = packet[22:24] = bytes(2)
	packet[10:12] = struct.pack("!H", checksum(bytes(packet[:20])))
	packet[22:24] = struct.pack("!H", checksum(bytes(packet[20:])))
	return bytes(packet)


def trimmed6(packet):
	packet = bytearray(packet[:40 + 8 + 40 + QUOTED])
	packet[4:6] = struct.pack("!H", len(packet) - 40)
	packet[42:44] = bytes(2)
	packet[42:44] = struct.pack("!H", transport_sum(bytes(packet[8:24]), bytes(packet[24:40]),
		socket.IPPROTO_ICMPV6, bytes(packet[40:])))
	return bytes(packet)


def trim(packet):
	return ACCEPT, trimmed4(packet) if packet[0] >> 4 == 4 else trimmed6(packet)


_awaited = set()  # of SYNs with data, on one 5-tuple perhaps: what acknowledges all of it


def judge(packet):
	"""(DROP or ACCEPT, the packet) of a SYN or SYN/ACK"""
	if packet[0] >> 4 == 4:
		there, here, segment = packet[12:16], packet[16:20], packet[(packet[0] & 15) * 4:]
	else:
		there, here, segment = packet[8:24], packet[24:40], packet[40:]
	sport, dport, seq, ack = struct.unpack_from("!HHII", segment)
	if segment[13] & ACK:
		return DROP if (here, there, dport, sport, ack) in _awaited else ACCEPT, packet
	length = len(segment) - (segment[12] >> 4) * 4
	if length:
		_awaited.add((there, here, sport, dport, (seq + 1 + length) % 2**32))
	return ACCEPT, packet


def serve(s):
	data = s.recv(1 << 17)
	length, kind = struct.unpack_from("=IH", data)
	if kind != QUEUE << 8 | PACKET:
		return
	queue = struct.unpack_from("!H", data, 18)[0]
	found = attributes(data[20:length])
	verdict, packet = (trim if queue == TRIM else judge)(found[PAYLOAD])
	s.send(message(VERDICT, queue, attribute(VERDICT_HEADER, struct.pack("!I", verdict)
		+ found[HEADER][:4]), attribute(PAYLOAD, packet)))


def main(*hosts):
	poll = selectors.DefaultSelector()
	for host in hosts:
		for queue in (TRIM, ACCEPTANCES):
			poll.register(listen(host, queue), selectors.EVENT_READ)
	print("ready", flush=True)
	while True:
		for key, _ in poll.select():
			serve(key.fileobj)


main(*sys.argv[1:])
