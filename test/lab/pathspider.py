"""What PATHspider's TFO plugin says behind each middlebox of boxes.tbl: its rules, in our words,
for what its three connections come to. They are those of a Linux client: one without TFO, one that
asks for a cookie, one that uses it. cases/peers.py holds the client modelled here against a real
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


def _connection(state, fallback, **syn):
	"""With TFO. Where its SYN is lost Linux sends one without, whose SYN/ACK acknowledges no data."""
	if state == LOST:
		return Flow(fallback, **syn | {"acked": 0})
	return Flow(state, **syn)


def _plain(path):
	return {"closed": REFUSED, "unreachable": REFUSED, "offline": LOST,
		"transient": LOST}.get(path.verdict, OK)


def _request(survey, path):
	if path.verdict == "request-blocked":
		return REFUSED if survey.verdict in ("closed", "unreachable") else LOST
	return OK if path.verdict == "transient" else _plain(path)


def _gets_cookie(path):
	"""Linux asks in kind 34, and takes a cookie in either."""
	other = "experimental-only" in path.signals and "kind-switch" not in path.signals
	return path.syns["d"] > 0 and not other


def _data(path):
	"""How the SYN with cookie and data fares, and how much of the data is acknowledged"""
	n = path.syns["d"]
	if path.verdict in ("accepted", "partial", "refused", "ignored", "transient"):
		# What takes a second cookie is not accepted at once.
		part = {"refused": 0, "ignored": 0, "partial": DLEN // 2}.get(path.verdict, DLEN)
		return OK, part * (n == 1)
	return (REFUSED if n == 1 else LOST), 0  # only what is silent is sent again


def client(box):
	"""The three connections of a Linux client to an address of boxes.tbl, read off what the plans
	find there"""
	survey, path = box.plans["survey"], box.plans["path"]
	plain, request = _plain(path), _request(survey, path)
	first = _connection(request, plain)
	if not _gets_cookie(path):
		return [Flow(plain), first, first]
	state, acked = _data(path)
	# Where what accepts the data is lost, the server goes on with that connection.
	stuck = path.verdict in ("blackholed", "acceptance-blocked")
	return [Flow(plain), first, _connection(state, LOST if stuck else plain, synclen=8, dlen=DLEN,
		acked=acked)]
