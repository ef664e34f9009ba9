"""usage: python3 wall.py rules | python3 wall.py list [NAME]

What stands on the way after the handshake (wall.sh), as a table: which box a connection meets, and
which server is behind it; the rules for nft that make it so; and what tfomap must say."""

import ipaddress
import sys
from dataclasses import dataclass

import chain

NETS = (ipaddress.ip_network("198.19.72.0/24"), ipaddress.ip_network("2001:2:0:48::/64"))
MANY = (ipaddress.ip_network("198.19.32.0/19"), ipaddress.ip_network("2001:2:0:20::/64"))
PORTS = {"nginx": 80, "tls": 443, "haproxy": 8080, "knot": 53, "listener": 7, "plain": 9, "mute": 13,
	"slow": 14, "big": 15, "patient": 16}
TFO, HAS_DATA, ANSWERED = 1, 16, 2  # of connections; of packets; of connections
WHOM = {"tfo": f"ct mark & {TFO} == {TFO}", "all": ""}

# What a box does: "to" are the client's packets behind its SYN, "from" the server's behind its
# SYN/ACK
BOXES = {
	"none": [],
	"drop-ack": [("to", "", "drop")],
	"drop-data": [("from", f"meta mark {HAS_DATA}", "drop")],
	"drop-both": [("to", "", "drop"), ("from", f"meta mark {HAS_DATA}", "drop")],
	"drop-server": [("from", "", "drop")],
	"reset-ack": [("to", "", "reject with tcp reset")],
	"reset-data": [("from", f"meta mark {HAS_DATA}", "reject with tcp reset")],
	"reset-late": [
		("to", f"ct mark & {ANSWERED} == {ANSWERED}", "reject with tcp reset"),
		("from", f"meta mark {HAS_DATA}", f"ct mark set ct mark or {ANSWERED}"),
	],
}


@dataclass
class Row:
	"""What connections to the addresses whose last byte is `index` meet"""
	index: int
	box: str
	whom: str
	server: str

	@property
	def name(self):
		return f"{self.box}-{self.whom}-{self.server}"

	@property
	def twins(self):
		return tuple((str(net[self.index]), PORTS[self.server]) for net in NETS)


def _rows():
	for server in PORTS:
		yield "none", "all", server
	for box in list(BOXES)[1:]:
		for whom in WHOM:
			for server in ("nginx", "haproxy", "patient", "big", "slow"):
				yield box, whom, server
	# no more of knot: what is half open fills its backlog of 10
	for whom in WHOM:
		for server in ("knot", "tls"):
			yield "drop-data", whom, server


ROWS = [Row(i, *row) for i, row in enumerate(_rows(), 1)]


def sound(row):
	"""The row of the same server without a box"""
	return next(other for other in ROWS if (other.box, other.server) == ("none", row.server))


# ---- rules for nft ----

def _whom(row, word):
	yield f"ip {word} {NETS[0][row.index]}"
	yield f"ip6 {word} {NETS[1][row.index]}"


def rules():
	yield "table inet wall"
	yield "delete table inet wall"
	yield "table inet wall {"
	yield "chain measure {"
	for words in range(5, 16):
		for family, header in (("ipv4", 20), ("ipv6", 40)):
			yield f"meta nfproto {family} tcp doff {words} meta length > {header + 4 * words} " \
				f"meta mark set {HAS_DATA}"
	yield "}"
	yield "chain sizes { type filter hook prerouting priority raw; meta l4proto tcp jump measure; }"
	# A connection is a TFO one where its SYN has a cookie, asks for one, or has data.
	yield "chain tell { type filter hook prerouting priority mangle;"
	for mark in ("tcp option fastopen exists", "tcp option 254 exists", f"meta mark {HAS_DATA}"):
		yield f"tcp flags & (syn | ack) == syn {mark} ct mark set {TFO}"
	yield "}"
	yield "chain walls { type filter hook forward priority filter; tcp flags & syn == syn accept"
	for row in ROWS:
		for way, condition, action in BOXES[row.box]:
			for there in _whom(row, "daddr" if way == "to" else "saddr"):
				yield f"{there} {WHOM[row.whom]} {condition} {action}"
	yield from ("}", "}")


def main(word, *names):
	lines = rules() if word == "rules" else chain.told(ROWS, names)
	print(*lines, sep="\n")


if __name__ == "__main__":
	main(*sys.argv[1:])
