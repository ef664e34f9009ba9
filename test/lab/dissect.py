"""What tshark reads in captures: one tshark for all of them, as each start takes half a second of a
core. It gets the packets of one capture after the other as if they were one, and says a line for
each."""

import struct
import subprocess
import threading

HEADER_LEN, RECORD_LEN = 24, 16  # of a pcap file, and of each packet in it


class Dissector:
	"""Lines of these fields"""

	def __init__(self, fields):
		self._fields = fields
		self._tshark = None

	def _start(self):
		command = ["tshark", "-n", "-l", "-r", "-", "-T", "fields",
			"-o", "tcp.check_checksum:TRUE", "-o", "tcp.analyze_sequence_numbers:FALSE"]
		for name in self._fields:
			command += ["-e", name]
		self._tshark = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
			stderr=subprocess.DEVNULL)

	def _feed(self, data):
		self._tshark.stdin.write(data)
		self._tshark.stdin.flush()

	def lines(self, path):
		"""A line for each packet of that file: pcap, of Ethernet as all others"""
		with open(path, "rb") as f:
			data = f.read()
		if not self._tshark:
			self._start()
			self._feed(data[:HEADER_LEN])
		feeding = threading.Thread(target=self._feed, args=[data[HEADER_LEN:]])
		feeding.start()
		found = [self._next_line() for _ in range(_count(data))]
		feeding.join()
		return found

	def _next_line(self):
		line = self._tshark.stdout.readline()
		if not line:
			raise OSError("tshark has ended")
		return line.decode().rstrip("\n")


def _count(data):
	at, n = HEADER_LEN, 0
	while at + RECORD_LEN <= len(data):
		at += RECORD_LEN + struct.unpack_from("=I", data, at + 8)[0]
		n += 1
	return n
