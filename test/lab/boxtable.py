"""Reads boxes.tbl: what stands on the way to which address, and what each plan must say of it."""

import collections
import ipaddress
import os
from dataclasses import dataclass, field

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "boxes.tbl")
PERSONA_NET = ("198.19.128.", "2001:2:0:80::")  # middleboxes.sh
MID_NET = ("198.19.64.", "2001:2:0:40::")
PLANS = ("survey", "path", "full")


@dataclass
class Expected:
	verdict: str
	conditions: set
	signals: set
	options: str
	syns: collections.Counter  # letter of the table: how many


@dataclass
class Box:
	name: str
	host: str
	port: int
	what: str
	addresses: tuple
	plans: dict = field(default_factory=dict)
	owed: dict = field(default_factory=dict)  # case: why it cannot pass yet

	@property
	def twins(self):
		return tuple((address, self.port) for address in self.addresses)

	@property
	def is_persona(self):
		return self.host == "persona"


def _conditions(words):
	found = set()
	for word in words.split(","):
		if word in ("works", "broken", "offline", "transient"):
			found.add("tfo.connectivity." + word)
		elif word in ("received", "not_received"):
			found.add("tfo.cookie." + word)
		else:
			found |= {"tfo.syndata." + word, "tfo.cookie." + word}
	return found


def _expected(verdict, conditions, signals, options, syns):
	count = collections.Counter()
	for term in syns.split("+"):
		count[term[-1]] += int(term[:-1] or 1)
	return Expected(verdict, _conditions(conditions),
		set() if signals == "-" else set(signals.split(",")), options, count)


def read():
	"""Names to rows; the addresses as middleboxes.sh counts them"""
	found, count = {}, {PERSONA_NET: 0, MID_NET: 1}
	with open(TABLE, encoding="utf-8") as table:
		lines = [line for line in table if line.split() and not line.split()[0].startswith("#")]
	for line in lines:
		words = line.split()
		if not line[0].isspace():
			name, host, port, what = words
			assert name not in found, f"boxes.tbl: {name} is there twice"
			net = PERSONA_NET if host == "persona" else MID_NET
			v4, v6 = (prefix + form for prefix, form in zip(net, ("{}", "{:x}")))
			n, count[net] = count[net], count[net] + 1
			v6 = str(ipaddress.ip_address(v6.format(n)))
			box = found[name] = Box(name, host, int(port), what, (v4.format(n), v6))
		elif words[0] == "as":
			box.plans = found[words[1]].plans
		elif words[0] == "owed":
			box.owed = dict.fromkeys(words[1].split(","), " ".join(words[2:]))
		else:
			box.plans[words[0]] = _expected(*words[1:])
	for box in found.values():
		assert tuple(box.plans) == PLANS, f"boxes.tbl: {box.name}: {list(box.plans)}"
	return found
