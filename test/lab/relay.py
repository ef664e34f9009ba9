"""usage: relay.py vlan ID HOST TRUNK ACCESS
       relay.py tun HOST NAME HOST NAME [TYPE]

Joins two interfaces, for links that not every kernel has: one that carries 802.1Q tags with one
that does not (frames with another tag, or none, are dropped), or two tun devices that it makes,
the first of the hardware type TYPE (ARPHRD_..., a number): the kernel gives it addresses as long as
that type's.
Prints "ready", and runs until its standard input ends."""

import fcntl
import os
import select
import socket
import struct
import sys

from truth import inside

ETH_P_ALL, ETH_P_8021Q = 3, 0x8100
SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
TP_STATUS_VLAN_VALID = 0x10
TUNSETIFF, TUNSETLINK, IFF_TUN, IFF_NO_PI = 0x400454ca, 0x400454cd, 0x0001, 0x1000


def packet_socket(interface):
	s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
	s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
	s.bind((interface, ETH_P_ALL))
	return s


def receive(s):
	"""(frame without its tag, the tag's VLAN or 0); None for a frame that goes out"""
	try:
		frame, extra, _, address = s.recvmsg(65536, 256)
	except OSError:
		return None  # the interface is being taken away
	if address[2] == PACKET_OUTGOING:
		return None
	for level, kind, data in extra:
		if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
			status, _, _, _, _, tci, _ = struct.unpack("IIIHHHH", data[:20])
			return frame, tci & 0xfff if status & TP_STATUS_VLAN_VALID else 0
	return frame, 0


def pass_on(send, frame):
	try:
		send(frame)
	except OSError:
		pass  # the other end is not up, or is being taken away


def join_vlan(vlan, host, trunk, access):
	with inside(host):
		tagged, plain = packet_socket(trunk), packet_socket(access)

	def from_trunk():
		got = receive(tagged)
		if got and got[1] == vlan:
			pass_on(plain.send, got[0])

	def from_access():
		got = receive(plain)
		if got and not got[1]:
			tag = struct.pack("!HH", ETH_P_8021Q, vlan)
			pass_on(tagged.send, got[0][:12] + tag + got[0][12:])
	return {tagged.fileno(): from_trunk, plain.fileno(): from_access}, (tagged, plain)


def tun_device(host, name, hardware=None):
	with inside(host):
		tun = os.open("/dev/net/tun", os.O_RDWR)
		fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
		if hardware:
			fcntl.ioctl(tun, TUNSETLINK, int(hardware))
	return tun


def join_tun(host, name, other_host, other_name, hardware=None):
	a, b = tun_device(host, name, hardware), tun_device(other_host, other_name)

	def move(source, sink):
		pass_on(lambda packet: os.write(sink, packet), os.read(source, 65536))
	return {a: lambda: move(a, b), b: lambda: move(b, a)}, (a, b)


def main(kind, *args):
	if kind == "vlan":
		readers, keep = join_vlan(int(args[0]), *args[1:])
	else:
		readers, keep = join_tun(*args)
	print("ready", flush=True)
	while True:
		for fd in select.select([sys.stdin, *readers], [], [])[0]:
			if fd is sys.stdin:
				return
			readers[fd]()


main(*sys.argv[1:])
