"""Plan locate: where on a chain of routers (chain.sh, chain.py) a box stands. The truth is where it
was put; that it does there what it says is read of captures between the hops, and of SYNs of the
lab's own."""

import contextlib
import dataclasses
import itertools
import json
import os

import chain
from chain import HOPS, ROWS
from harness import (WORK, Capture, by_target, case, each_twin, equal, finish, needs, once, shell, spell,
	start, tfomap, together, write)
from walk import Walk, feature
from .engines import PINNED, _napi, _need_xdp

ARGS = ["--no-default-blocklist", "--plan", "locate", "-c", 2, "--retries", 2, "--confirm", 0,
	"--report", "all", "-O", "ndjson", "-f", "*"]
TIMEOUT_S, LATE_TIMEOUT_S = 1, 1.5  # an offer that is lost is repeated after a second
LIFE_S = 150  # where nobody answers it takes many time-outs to know that
MOST_SYNS = 60
LOW_TTL = 32  # of what is sent to hops, not to targets
SCALE = int(os.environ.get("LOCATE") or 1000)  # targets; by hand 10000
RATE_PPS = 20000
# Cables by their number: 0 from the scanner to hop 1, 8 from hop 8 to the server
CABLES = [(("scan", "scan0"), ("net", "net0")), (("net", "hop2"), ("hop2", "up0")),
	*(((f"hop{hop}", "down0"), (f"hop{hop + 1}", "up0")) for hop in range(2, HOPS - 1)),
	(("hop8", "down0"), ("far", "up0"))]
SYNS = "tcp[13] & 18 == 2 or (ip6[6] == 6 and ip6[53] & 18 == 2)"


@once
def _chain():
	"""Built for these cases only"""
	shell("chain_up")


# ---- the chain itself ----

def _walked_place(walk, target, row):
	"""(hop_low, hop_high) as the lab's own SYNs have it"""
	low, high = 0, None
	for ttl in range(1, HOPS + 1):
		plain = walk.said[target, "syn"].get(ttl)
		what = walk.said[target, feature(row)].get(ttl, (None, None))[1]
		if row.fault == "drop-offer" and what == "answer":
			what = None  # an offer that is lost is repeated after a second, without its option
		if what == "whole" or (what == "short" and row.fault != "strip"):
			low = ttl
		elif what in ("gone", "reset", "unreachable") or (plain and not what):
			high = high or ttl
	return (low, high) if high else (None, None)


@case("locate/chain")
def the_chain_does_what_its_table_says():
	_chain()
	shell("chain_rules")
	walk = Walk(ROWS)
	for row in ROWS:
		want = chain.place(row)
		# An offer that is lost on its way back looks like a request that the server did not get.
		place = (HOPS - 1, HOPS) if row.fault == "drop-offer" else (want.low, want.high)
		for family, target in enumerate(row.twins):
			equal(_walked_place(walk, target, row), place, f"{row.name} {target[0]}")
			for ttl, (who, what) in walk.said[target, "syn"].items():
				here = target[0] if ttl == HOPS else chain.host_address(chain.host_of(ttl), family)
				equal(who, here, f"{row.name}: who answers a plain SYN of TTL {ttl}")
				assert what in ("whole", "short", "answer"), (row.name, ttl, what)


# ---- one scan of all rows ----

def _start(rows, timeout_s):
	lines = (spell(target) + "\n" for row in rows for target in row.twins)
	path = write(f"locate-{timeout_s}", "".join(lines))
	return start([*ARGS, "--timeout", timeout_s, "-I", path])


@once
def _scan():
	"""Of all rows: (rows by target, captures of all cables)"""
	needs("--max-hops")
	_chain()
	shell("chain_rules")
	late = [row for row in chain.ALL_ROWS if row.fault == "drop-offer"]
	with contextlib.ExitStack() as stack:
		captures = [stack.enter_context(Capture(near, far, str(chain.NET4[0]), SYNS))
			for near, far in CABLES]
		processes = (_start([row for row in chain.ALL_ROWS if row not in late], TIMEOUT_S),
			_start(late, LATE_TIMEOUT_S))
		runs = [finish(process, life_s=LIFE_S) for process in processes]
	for run in runs:
		equal(run.status, 0, f"exit status: {run.err[-2000:]}")
	return by_target([row for run in runs for row in run.rows]), captures


def _number(text):
	return int(text) if text else None


def _place(row):
	return _number(row["hop_low"]), _number(row["hop_high"])


def _speaks(hop, target, hosts=None):
	"""The address of who is at that place on the way to a target; hosts: where it is another one"""
	if not hop or hop == HOPS:
		return target[0] if hop else ""
	host = (hosts or {}).get(hop, chain.host_of(hop))
	return chain.host_address(host, int(":" in target[0]))


def _check_place(row, want, target, hosts=None):
	equal((row["verdict"], *_place(row)), (want.verdict, want.low, want.high),
		"verdict, hop_low, hop_high")
	equal((row["hop_low_ip"], row["hop_high_ip"]),
		tuple(_speaks(hop, target, hosts) for hop in (want.low, want.high)),
		"hop_low_ip, hop_high_ip")


def _is_wider(row, want):
	"""The place is right, and one hop wider than it could be: a hop's silence said too little, as it
	may where the machine is busy"""
	low, high = _place(row)
	return row["verdict"] == want.verdict and None not in (low, high, want.low) \
		and low <= want.low and want.high <= high and high - low == want.high - want.low + 1


def _check_many(rows, wants):
	"""One of twenty may be wider by a hop; none is wrong. wants: {target: Place}"""
	wrong, wider = [], 0
	for target, want in wants.items():
		if _is_wider(rows[target], want):
			wider += 1
			continue
		try:
			_check_place(rows[target], want, target)
		except AssertionError as error:
			wrong.append(f"{spell(target)}: {error}")
	assert not wrong, f"{len(wrong)} of {len(wants)} are wrong: " + "\n".join(wrong[:8])
	assert wider <= len(wants) / 20, f"{wider} of {len(wants)} are a hop wider than they could be"


def _check_path(found, row, target):
	"""What a row says of each hop, against what stands there"""
	behind = row.hop + (row.hook == "forward")
	for one in json.loads(found["path"] or "[]"):
		hop = one["ttl"]
		assert hop < HOPS and hop not in row.silent, one
		equal(one["ip"], _speaks(hop, target), f"who is at hop {hop}")
		if hop in row.short:
			equal((one["option"], one["data"]), (None, None), f"what hop {hop} quotes")
		elif one["option"]:
			equal(one["option"], "gone" if row.fault == "strip" and hop >= behind else "whole",
				f"the option at hop {hop}")


def _check_syns(found, target, captures):
	n = len(captures[0].flows[target])
	equal(int(found["probes"]), n, "probes, as counted behind the scanner")
	assert n <= MOST_SYNS, f"{n} SYNs"
	arrived = captures[-1].flows.get(target, [])
	assert not any(flow.ttl < LOW_TTL and (flow.kind or flow.dlen) for flow in arrived), \
		"a hop probe with the feature came to the target"


def _seen(target, captures, wanted):
	"""On which cables packets of a target were that `wanted` picks, of those that the plan sends to
	the target itself"""
	return [any(wanted(flow) for flow in capture.flows.get(target, [])) for capture in captures]


def _has_feature(row):
	kind = feature(row)
	return {"request": lambda flow: flow.kind and not flow.cookie, "bare": lambda flow: flow.cookie,
		"blind": lambda flow: flow.dlen}[kind]


def _check_wire(row, target, captures):
	"""The box is where it is meant to be: before it the SYNs in question are seen, behind it not."""
	if row.fault and row.fault not in chain.WAY_BACK:
		equal(_seen(target, captures, _has_feature(row)),
			[cable < row.hop for cable in range(HOPS)], "cables where the feature was seen")


def _check_rows(rows):
	def check(row, target):
		found, captures = _scan()
		_check_wire(row, target, captures)
		want = chain.place(row)
		_check_place(found[target], want, target)
		equal(found[target]["hops"], "" if want.verdict == "accepted" else str(HOPS), "hops")
		_check_path(found[target], row, target)
		_check_syns(found[target], target, captures)

	def check_all():
		_scan()
		each_twin(rows, check)
	return check_all


def _groups():
	"""Rows by what their case is called"""
	found = {}
	for row in ROWS:
		odd = "silent" if row.silent else "short-quotes" if row.short else row.hook
		name = f"{row.fault}-{odd}" if row.fault else "clean"
		found.setdefault(name, []).append(row)
	return found


for _name, _rows in _groups().items():
	case(f"locate/{_name}")(_check_rows(_rows))
together("locate/fork", "locate/limited", *(f"locate/{name}" for name in _groups()))


@case("locate/fork")
def one_of_two_ways_has_a_fault():
	"""Nobody is blamed but the one on the way that the flow went; of its flows some went the other."""
	found, captures = _scan()
	blamed = set()

	def check(row, target):
		got, want = found[target], chain.place(row)
		_check_syns(got, target, captures)
		if want.low is None:
			equal((got["verdict"], *_place(got)), (want.verdict, None, None), "verdict and place")
		elif got["verdict"] == want.verdict or _place(got) != (None, None):
			blamed.add(row.fault)
			_check_place(got, dataclasses.replace(want, verdict=got["verdict"]), target, {4: "hop4b"})
	each_twin(chain.FORK_ROWS, check)
	assert {"drop-option", "strip"} <= blamed, f"faults that were met: {blamed}"


@case("locate/limited")
def a_hop_that_limits_its_icmp():
	"""It may widen the interval by itself, and nothing else"""
	found, captures = _scan()

	def check(row, target):
		got, exact = found[target], chain.place(row)
		widest = chain.place(dataclasses.replace(row, silent=frozenset((5,))))
		_check_syns(got, target, captures)
		low, high = _place(got)
		if exact.low is None:
			equal((got["verdict"], low, high), (exact.verdict, None, None), "verdict and place")
			return
		equal(got["verdict"], exact.verdict, "verdict")
		assert low in (exact.low, widest.low) and high in (exact.high, widest.high), (low, high)
	each_twin(chain.LIMITED_ROWS, check)


# ---- prefixes, engines, saved captures ----

# Rows 1 to 31 in IPv4, 32 to 63 in IPv6; what has no row is clean
PREFIXES = ["198.19.97.0/27", "2001:2:0:60::120/123", "-p", chain.FAST]


def _locate_prefixes(*args):
	"""All is right; returns the rows"""
	needs("--max-hops")
	_chain()
	shell("chain_rules")
	run = finish(start([*ARGS, "--timeout", TIMEOUT_S, *PREFIXES, *args]), life_s=LIFE_S)
	equal(run.status, 0, f"exit status: {run.err[-2000:]}")
	found = by_target(run.rows)
	equal(len(found), 64, "rows")
	places = {target: chain.row_of(target[0]) for target in found}
	_check_many(found, {target: chain.place(where) if where else chain.Place("accepted")
		for target, where in places.items()})
	return found


@case("locate/prefixes")
def only_who_needs_it_is_located():
	saved = f"{WORK}/locate.pcap"
	rows = _locate_prefixes("--save-pcap", saved, *PINNED)
	equal({row["probes"] for row in rows.values() if row["verdict"] == "accepted"}, {"3"},
		"SYNs to who is right")
	_check_again(rows, saved, *ARGS, "--timeout", TIMEOUT_S, *PREFIXES)
	_check_replies(tfomap(*ARGS[:ARGS.index("--report")], "--timeout", TIMEOUT_S, *PREFIXES, *PINNED,
		"--rx", f"pcap:{saved}", "--rows", "reply", quick=False).rows)


def _check_again(rows, saved, *args):
	"""What was sent and what came says the same when it is read again."""
	again = by_target(tfomap(*args, *PINNED, "--rx", f"pcap:{saved}", quick=False).rows)
	equal(again.keys(), rows.keys(), "targets of the saved capture's rows")
	names = "verdict confirmed hops hop_low hop_high hop_low_ip hop_high_ip probes".split()
	for target, row in rows.items():
		equal([again[target][name] for name in names], [row[name] for name in names],
			f"{spell(target)}: {names} of the saved capture, and of the scan")


def _check_replies(rows):
	"""Who says that the TTL was exceeded stands at that hop"""
	exceeded = [row for row in rows if row["icmp_type"] == ("3" if ":" in row["ip"] else "11")]
	assert exceeded, "no hop has answered"
	for row in exceeded:
		equal(row["icmp_from"], _speaks(int(row["probe_ttl"]), (row["ip"],)), f"hop of {row}")
	for row in rows:
		equal(bool(row["probe_ttl"]), row["probe"] == "hop", f"probe_ttl of {row}")


@case("locate/confirmed")
def a_second_round_is_read_again():
	needs("--max-hops")
	_chain()
	shell("chain_rules")
	saved = f"{WORK}/confirmed.pcap"
	# At that rate what is due waits.
	args = ["--no-default-blocklist", "--plan", "path", "-c", 2, "--retries", 0, "-r", 30,
		"--timeout", TIMEOUT_S, "--confirm", 2, "--report", "all", "-O", "ndjson", "-f", "*",
		"198.19.97.0/29", "198.19.97.16/29", "2001:2:0:60::120/125", "-p", chain.FAST]
	run = finish(start([*args, *PINNED, "--save-pcap", saved]), life_s=LIFE_S)
	equal(run.status, 0, f"exit status: {run.err[-2000:]}")
	rows = by_target(run.rows)
	equal({row["confirmed"] for row in rows.values() if row["verdict"] != "accepted"}, {"true"},
		"confirmed, of what is blocked")
	_check_again(rows, saved, *args)


@case("locate/xdp")
def by_the_engines_in_the_kernel():
	_napi(True)
	try:
		_need_xdp()
		_locate_prefixes("--tx", "xdp", "--rx", "xdp")
	finally:
		_napi(False)


# ---- many ----

@case("locate/scale")
def thousands_of_targets():
	"""10,000 by hand: LOCATE=10000 LABS=1 make check-lab CASES=locate/scale"""
	needs("--max-hops")
	_chain()
	shell("chain_rules")
	rows = [row for row in ROWS if not row.silent and not row.short and row.fault != "drop-offer"]
	# as many of IPv4 as there is room for, at most half
	places = ((net, block) for block in itertools.count() for net in chain.MAIN
		if block < net.num_addresses // chain.N)
	targets = list(itertools.islice(((row, (str(net[block * chain.N + row.index]), row.port))
		for net, block in places for row in rows), SCALE))
	path = write("locate-many", "".join(spell(target) + "\n" for _, target in targets))
	run = finish(start([*ARGS, "--timeout", TIMEOUT_S, "-r", RATE_PPS, "-I", path]), life_s=LIFE_S)
	equal(run.status, 0, f"exit status: {run.err[-2000:]}")
	found = by_target(run.rows)
	equal(len(found), SCALE, "rows")
	_check_many(found, {target: chain.place(row) for row, target in targets})
	most = max(int(row["probes"]) for row in found.values())
	assert most <= MOST_SYNS, f"{most} SYNs"
