"""What PATHspider's TFO plugin says behind each middlebox of boxes.tbl: its rules, in our words, for
what its three connections come to. They are those of a Linux client: one without TFO, one that asks
for a cookie, one that uses it. cases/peers.py holds the client modelled here against a real
one."""

from dataclasses import dataclass

OK, LOST, REFUSED = "ok", "lost", "refused"  # refused: by RST or ICMP
DLEN = 2  # any number that has a half


@dataclass
class Flow:
	"""One connection, as the plugin and its observer know it"""
	state: str
	synclen: int = 0  # of the cookie on its own SYN
	dlen: int = 0
	acked: int = 0  # by the SYN/ACK that came last


def conditions(flows):
	"""Those of three connections, without "tfo."; None: no record at all, as of a closed port"""
	plain, _, last = flows
	if all(flow.state == REFUSED for flow in flows):
		return None
	found = [{(True, True): "works", (True, False): "broken", (False, True): "transient",
		(False, False): "offline"}[plain.state == OK, last.state == OK]]
	if last.state != OK:
		return found
	if not last.synclen:
		return found + ["not_received"]
	if last.acked == last.dlen:
		return found + ["received", "acked"]
	return found + ["received"] + ["not_acked"] * (last.acked == 0)


def _with_tfo(state, plain, **how):
	"""Where a SYN with TFO is lost, Linux sends one without it, and data after that."""
	return Flow(plain) if state == LOST and "dlen" not in how else \
		Flow(plain, acked=0, **how) if state == LOST else Flow(state, **how)


def client(box):
	"""The three connections of a Linux client to an address of boxes.tbl, read off what the plans
	find there"""
	survey, path = box.plans["survey"], box.plans["path"]
	plain = {"closed": REFUSED, "unreachable": REFUSED, "offline": LOST,
		"transient": LOST}.get(path.verdict, OK)
	asked = OK if path.verdict == "transient" else plain
	if path.verdict == "request-blocked":
		asked = REFUSED if survey.verdict in ("closed", "unreachable") else LOST
	first = _with_tfo(asked, plain)
	# Linux asks in kind 34, and takes a cookie in either.
	deaf = "experimental-only" in path.signals and "kind-switch" not in path.signals
	n = path.syns["d"]
	if not n or deaf:
		return [Flow(plain), first, _with_tfo(asked, plain)]
	answered = path.verdict in ("accepted", "partial", "refused", "ignored", "transient")
	used = OK if answered else REFUSED if n == 1 else LOST
	acked = {"accepted": DLEN, "transient": DLEN, "partial": DLEN // 2}.get(path.verdict, 0)
	# What needs a second cookie is not accepted at once.
	last = {"synclen": 8, "dlen": DLEN, "acked": acked * (n == 1)} if used == OK else \
		{"synclen": 8, "dlen": DLEN}
	# Where what accepts the data is lost, the server goes on with that connection.
	stuck = path.verdict in ("blackholed", "acceptance-blocked")
	return [Flow(plain), first, _with_tfo(used, LOST if stuck else plain, **last)]
