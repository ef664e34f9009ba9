"""usage: python3 chain.py rules HOST | python3 chain.py list [NAME]

What stands on the chain of routers (chain.sh), as a table: which hop does what to which address;
the rules for nft that make it so; and, from where a fault was put, where tfomap must find it."""

import ipaddress
import itertools
import sys
from dataclasses import dataclass

HOPS = 9  # routers 1 (net) to 8, and the server
ROUTERS = range(1, HOPS)
NET4 = ipaddress.ip_network("198.19.96.0/19")
NET6 = ipaddress.ip_network("2001:2:0:60::/64")
MAIN = (NET4, NET6)
# Where the way forks at hop 3 by the hash of the flow, and where it leads over a hop 5 that limits
# its ICMP as Linux does
FORK = (ipaddress.ip_network("198.19.80.0/24"), ipaddress.ip_network("2001:2:0:50::/64"))
LIMITED = (ipaddress.ip_network("198.19.81.0/24"), ipaddress.ip_network("2001:2:0:51::/64"))
HOSTS = {"net": 1, **{f"hop{hop}": hop for hop in range(2, HOPS)}, "hop4b": 4, "hop5l": 5}
N = 256  # the last byte of an address is its row
FAST, PLAIN = 7, 9  # the server's ports, with and without fast open
HAS_DATA, TRIMMED, JUDGED = 16, 32, 64  # marks; chain.sh queues the last two
HOOKS = ("prerouting", "forward")

SYN = "tcp flags & (syn | ack) == syn"
SYNACK = "tcp flags & (syn | ack) == syn | ack"
OPTION = ("tcp option fastopen exists", "tcp option 254 exists")
COOKIE = "tcp option fastopen length > 2"

# What a box does to SYNs, as (condition, action); and the verdict
FAULTS = {
	"drop-option": ("request-blocked", [(option, "drop") for option in OPTION]),
	"drop-cookie": ("cookie-blocked", [(COOKIE, "drop")]),
	"drop-data": ("data-blocked", [(f"meta mark {HAS_DATA}", "drop")]),
	"reset-option": ("request-blocked", [(option, "reject with tcp reset") for option in OPTION]),
	"reject-option": ("request-blocked",
		[(option, "reject with icmpx admin-prohibited") for option in OPTION]),
	"strip": ("option-stripped",
		[("", "reset tcp option fastopen"), ("", "reset tcp option 254")]),
	"drop-acceptance": ("acceptance-blocked", []),
	"drop-offer": ("offer-blocked", []),
	"": ("no-cookie", []),
}
WAY_BACK = ("drop-acceptance", "drop-offer")
EVERYWHERE = ("drop-option", "drop-cookie", "drop-data", "reset-option", "strip",
	"drop-acceptance")


@dataclass
class Row:
	"""What the addresses whose last byte is `index` meet on their way"""
	index: int
	name: str
	fault: str = ""
	hook: str = ""
	host: str = ""
	silent: frozenset = frozenset()  # hops that say nothing when a TTL runs out
	short: frozenset = frozenset()  # hops that quote 8 bytes of TCP
	port: int = FAST
	nets: tuple = MAIN

	@property
	def hop(self):
		return HOSTS.get(self.host, 0)

	@property
	def twins(self):
		return tuple((str(net[self.index]), self.port) for net in self.nets)


@dataclass
class Place:
	"""What is to be said of it"""
	verdict: str
	low: object = None  # hops, or None
	high: object = None


def host_of(hop):
	return list(HOSTS)[hop - 1]


def _row(fault, hook, host, silent=(), short=(), nets=MAIN):
	words = [fault, hook, host.removeprefix("hop") if host != "net" else 1]
	for word, hops in (("silent", silent), ("short", short)):
		words += [word, *hops] if hops else []
	words += ["fork"] * (nets is FORK) + ["limited"] * (nets is LIMITED)
	return {"name": "-".join(map(str, words)), "fault": fault, "hook": hook, "host": host,
		"silent": frozenset(silent), "short": frozenset(short), "nets": nets}


def _rows():
	for fault, hook, hop in itertools.product(EVERYWHERE, HOOKS, ROUTERS):
		yield _row(fault, hook, host_of(hop))
	# beside a fault between hops 4 and 5
	everybody = tuple(ROUTERS)
	for fault in ("drop-option", "drop-cookie", "drop-data", "strip"):
		for silent in ((4,), (5,), (4, 5), (3, 4, 5, 6)):
			yield _row(fault, "forward", "hop4", silent=silent)
	for fault in ("drop-option", "strip"):
		yield _row(fault, "forward", "hop4", silent=everybody)
		for short in ((4,), (5,), (4, 5), everybody):
			yield _row(fault, "forward", "hop4", short=short)
		yield _row(fault, "forward", "hop4", silent=(4,), short=(5,))
	for fault, hook, hop in itertools.product(("reject-option", "drop-offer"), HOOKS, (1, 4, 8)):
		yield _row(fault, hook, host_of(hop))
	yield {"name": "clean"}
	yield {"name": "plain", "port": PLAIN}
	yield {"name": "plain-silent-8", "port": PLAIN, "silent": frozenset((8,))}
	yield {"name": "plain-all-silent", "port": PLAIN, "silent": frozenset(everybody)}
	yield {"name": "plain-all-short", "port": PLAIN, "short": frozenset(everybody)}


def _fork_rows():
	"""One of two ways has a fault, or none has; the flow decides. So many that some of the first and
	the last are blocked on every try, whatever the hash."""
	for fault, hook in (("drop-option", "prerouting"), ("drop-option", "forward"),
			("drop-cookie", "forward"), ("strip", "prerouting")):
		for _ in range(24):
			yield _row(fault, hook, "hop4b", nets=FORK)
	for port in (FAST, PLAIN):
		for _ in range(8):
			yield {"name": "clean-fork" if port == FAST else "plain-fork", "port": port, "nets": FORK}


def _limited_rows():
	for fault in ("drop-option", "drop-cookie", "strip"):
		for hook, host in (("forward", "hop4"), ("prerouting", "hop5l"), ("forward", "hop5l")):
			yield _row(fault, hook, host, nets=LIMITED)
	yield {"name": "plain-limited", "port": PLAIN, "nets": LIMITED}


ROWS, FORK_ROWS, LIMITED_ROWS = ([Row(i, **row) for i, row in enumerate(rows, 1)]
	for rows in (_rows(), _fork_rows(), _limited_rows()))
ALL_ROWS = ROWS + FORK_ROWS + LIMITED_ROWS
assert len(ROWS) < N


def place(row):
	"""A SYN whose TTL runs out at hop k is answered by k behind its PREROUTING and before its
	FORWARD hook. What a silent hop, or one that quotes too little, would have told is not known."""
	verdict = FAULTS[row.fault][0]
	if row.port == FAST and not row.fault:
		return Place("accepted")
	if not row.fault or row.fault in WAY_BACK:
		return Place(verdict)
	last = row.hop if row.hook == "forward" else row.hop - 1
	mute = row.silent | (row.short if row.fault == "strip" else set())
	lows = [t for t in range(1, last + 1) if t not in mute]
	highs = [t for t in range(last + 1, HOPS) if t not in mute]
	if row.fault == "strip" and not highs:
		return Place("no-cookie")
	return Place(verdict, max(lows, default=0), min(highs, default=HOPS))


def row_of(address):
	"""The row of an address of the chain; None where there is none"""
	index = int(ipaddress.ip_address(address)) % N
	return ROWS[index - 1] if 0 < index <= len(ROWS) else None


def host_address(host, family=0):
	"""What it speaks from"""
	if host == "net":
		return ("198.19.0.1", "2001:2:0:ff::1")[family]
	last = {"hop4b": 14, "hop5l": 25}.get(host) or HOSTS[host]
	return (f"198.19.70.{last}", f"2001:2:0:46::{last}")[family]


# ---- rules for nft ----

def _whom(row, word="daddr"):
	"""The addresses of one row, either family"""
	net4, net6 = row.nets
	yield f"ip {word} {net4} ip {word} & 0.0.0.255 == 0.0.0.{row.index}"
	yield f"ip6 {word} {net6} ip6 {word} & ::ff == ::{row.index:x}"


def _fault_rules(row):
	"""(hook, rule)"""
	if row.fault == "drop-acceptance":
		for to, back in zip(_whom(row), _whom(row, "saddr")):
			yield "prerouting", f"{to} {SYN} meta mark {HAS_DATA} meta mark set {JUDGED}"
			yield row.hook, f"{back} {SYNACK} tcp option fastopen missing meta mark set {JUDGED}"
	elif row.fault == "drop-offer":
		for back, option in itertools.product(_whom(row, "saddr"), OPTION):
			yield row.hook, f"{back} {SYNACK} {option} drop"
	else:
		for to, (condition, action) in itertools.product(_whom(row), FAULTS[row.fault][1]):
			yield row.hook, f"{to} {SYN} {condition} {action}"


def _telling_rules(hop):
	"""What becomes of a hop's own Time Exceeded: the address in its quote tells the row."""
	net4, net6 = int(NET4[0]), int(NET6[0]) >> 64
	for row in ROWS:
		if hop in row.silent:
			action = "drop"
		elif hop in row.short:
			action = f"meta mark set {TRIMMED}"
		else:
			continue
		yield f"icmp type time-exceeded @th,192,32 & 0xffffe0ff == {net4 | row.index:#x} {action}"
		yield f"icmpv6 type time-exceeded @th,256,64 {net6:#x} @th,352,32 & 0xff == {row.index:#x} " \
			f"{action}"


def _size_rules():
	"""A SYN with data is one that is longer than its headers."""
	for words in range(5, 16):
		for family, header in (("ipv4", 20), ("ipv6", 40)):
			yield f"meta nfproto {family} tcp doff {words} meta length > {header + 4 * words} " \
				f"meta mark set {HAS_DATA}"


def rules(host):
	"""The ruleset of one of HOSTS"""
	faults = [rule for row in ALL_ROWS if row.host == host for rule in _fault_rules(row)]
	chains = [("sizes", "prerouting priority raw", [f"{SYN} jump measure"])]
	chains += [(hook, f"{hook} priority mangle - 10", [rule for at, rule in faults if at == hook])
		for hook in HOOKS]
	chains.append(("answers", "output priority raw", _telling_rules(HOSTS[host])))
	yield "table inet hops"
	yield "delete table inet hops"
	yield "table inet hops {"
	yield from ("chain measure {", *_size_rules(), "}")
	for name, hook, lines in chains:
		yield from (f"chain {name} {{ type filter hook {hook};", *lines, "}")
	yield "}"


def told(rows, names):
	"""The names of rows; of those that are named the addresses, as targets"""
	there = dict.fromkeys(row.name for row in rows)
	for name in names:
		if name not in there:
			sys.exit(f"no such name: {name}; there are {' '.join(there)}")
	for row in rows:
		if row.name in names:
			yield " ".join(f"[{a}]:{port}" if ":" in a else f"{a}:{port}" for a, port in row.twins)
	if not names:
		yield from there


def main(word, *names):
	lines = rules(*names) if word == "rules" else told(ALL_ROWS, names)
	print(*lines, sep="\n")


if __name__ == "__main__":
	main(*sys.argv[1:])
