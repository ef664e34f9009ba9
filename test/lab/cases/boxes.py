"""Middleboxes and odd servers: each row of boxes.tbl on every plan, IPv4 and IPv6 in one scan,
from the scanner's own addresses and from ones that its kernel does not know; what was sent is read
off the far end's capture."""

import collections
import functools
import ipaddress
import json
import re
import subprocess

import boxtable
from harness import (SCAN4, SCAN6, WORK, Capture, Skip, by_target, case, command, equal, finish,
	listed, shell, spell, start, tfomap, together, truth, write)
from .network import BORROWED4, BORROWED6
from .packets import fill_queue
from .rows import RACE

# A late answer takes 1.2 s, a kernel's second SYN/ACK a little over 1 s. The order is fixed.
TIMEOUT_S = 1.5
PATIENT = ["--no-default-blocklist", "--timeout", TIMEOUT_S, "-c", 2, "--retries", 2, "--report",
	"all", "-e", 4]
EARLY = {"reply", "reply-first", "payload"}  # words of personas that answer data at once
EARLY_LEN = 20

BOXES = boxtable.read()
PERSONAS = [box for box in BOXES.values() if box.is_persona]


# ---- scans ----

together("boxes/survey", "boxes/alone")
together("boxes/path", "boxes/full")


@functools.cache
def fill_the_queue():
	for client in fill_queue(BOXES["queue-full"].twins[0], 3):
		client.close()  # says nothing: the server waits for it


def _arguments(plan):
	return [*PATIENT, "--plan", plan] + ([] if plan == "survey" else ["--confirm", 0])


def _together(*scans):
	"""Scans (name, plan, source addresses, boxes) at one time. {name: ({target: row}, {target:
	flows})}; the far end tells them apart by the source addresses"""
	fill_the_queue()
	shell("boxes_filters")
	processes, found = {}, {}
	with Capture() as capture:
		for name, plan, sources, boxes in scans:
			targets = [spell(target) for box in boxes for target in box.twins]
			path = write(f"boxes-{name}", "\n".join(targets) + "\n")
			processes[name] = start(_arguments(plan) + ["-S", ",".join(sources), "-I", path])
		runs = {name: finish(process) for name, process in processes.items()}
	for name, _, sources, _ in scans:
		equal(runs[name].status, 0, f"exit status of {name}: {runs[name].err[-2000:]}")
		found[name] = by_target(runs[name].rows), {target: [f for f in flows if f.source in sources]
			for target, flows in capture.flows.items()}
	return found


OWN, BORROWED = (SCAN4, SCAN6), (BORROWED4, BORROWED6)
# What others in a scan do, or do not, must not tell on a target whose plain SYN is silent: so there
# is one scan of such a target alone.
LONELY = BOXES["mute-plain"]
ROUNDS = (
	(("survey", "survey", OWN, BOXES.values()), ("alone", "path", BORROWED, [LONELY])),
	(("path", "path", OWN, BOXES.values()), ("full", "full", BORROWED, BOXES.values())),
)


@functools.cache
def _round(number):
	return _together(*ROUNDS[number])


# ---- what was sent, what was said ----

def _kinds(flows):
	"""The letter of each SYN, by what it carried. A forged cookie was not given before."""
	given = [(answer.time, answer.cookie.split(",")) for flow in flows for answer in flow.answers
		if answer.reply == "synack"]
	for flow in flows:
		if flow.kind and not flow.cookie:
			yield "r" if flow.kind == 34 else "e"
		elif flow.cookie and flow.dlen:
			known = any(flow.cookie in cookies for time, cookies in given if time < flow.time)
			yield "d" if known else "f"
		elif flow.cookie:
			yield "c"
		else:
			yield "b" if flow.dlen else "s"


def _sent(flows):
	"""How many SYNs of each kind"""
	return collections.Counter(_kinds(flows))


def _late(flows):
	"""How many SYNs of each kind were sent again, as they must be, because the answer took longer
	than the time-out: a machine with much else to do makes a slow server slower."""
	sent = list(zip(_kinds(flows), flows))
	return collections.Counter(kind for i, (kind, again) in enumerate(sent)
		if any(kind == before and first.answers and first.answers[0].time > again.time
			and again.time - first.time > 0.9 * TIMEOUT_S for before, first in sent[:i]))


def _on_the_wire(syns):
	"""A recheck is a syn: only the order tells them apart."""
	count = collections.Counter(syns)
	count["s"] += count.pop("k", 0)
	return +count


def _options(row):
	"""The row's tfo_* fields, as boxes.tbl spells them"""
	text = f"{row['tfo_synkind']}:{row['tfo_synclen']}>"
	if row["reply"] in ("icmp", "none"):
		return text + row["reply"].replace("none", "")
	acked, dlen = int(row["tfo_acked"]), int(row["tfo_dlen"])
	words = {dlen // 2: "half", dlen: "all", 0: "0"}
	answer = "rst" if row["reply"] == "rst" else f"{row['tfo_ackkind']}:{row['tfo_ackclen']}"
	return f"{text}{answer}={words.get(acked, acked)}"


def _check_row(plan, row, box, n_late=0):
	want = box.plans[plan]
	equal(row["verdict"], want.verdict, "verdict")
	equal(listed(row["conditions"]), want.conditions, "conditions")
	waits = plan != "survey" and ("tfo.syndata.acked" in want.conditions or want.syns["c"])
	race = set() if waits or box.is_persona else want.signals & RACE
	equal(listed(row["signals"]) - race, want.signals - race, "signals")
	length = re.search(r"\bcookie=(\d+)", box.what)
	options = re.sub(r"\bn\b", length[1] if length else "8", want.options)
	assert re.fullmatch(re.escape(options).replace(r"\*", ".*"), _options(row)), \
		f"options of the deciding flow: {_options(row)}, not {options}"
	equal(int(row["probes"]) - n_late, want.syns.total(), "SYNs")
	if box.is_persona and row["reply"] == "synack":
		early = EARLY_LEN if EARLY & set(box.what.split(",")) else 0
		equal(int(row["rlen"] or 0), early, "rlen")


def _check_numbers(row, flows):
	"""The deciding flow's numbers, against that very SYN"""
	flow = next(f for f in flows if str(f.sport) == row["source_port"])
	equal((row["tfo_seq"], row["tfo_dlen"], row["tfo_synkind"], row["tfo_synclen"]),
		tuple(map(str, (flow.seq, flow.dlen, flow.kind, len(flow.cookie) // 2))),
		"tfo_seq, tfo_dlen, tfo_synkind, tfo_synclen")
	if row["tfo_acked"]:
		equal(int(row["tfo_ack"]), (flow.seq + 1 + int(row["tfo_acked"])) % 2**32, "tfo_ack")


def _check_box(plan, box, rows, flows):
	for target in box.twins:
		sent = flows.get(target, [])
		late = _late(sent)
		try:
			equal(_sent(sent) - late, _on_the_wire(box.plans[plan].syns), "SYNs by kind")
			_check_row(plan, rows[target], box, late.total())
			_check_numbers(rows[target], flows[target])
		except AssertionError as error:
			raise AssertionError(f"{spell(target)}: {error}") from error


def _check(number, name, plan, box):
	def check():
		try:
			_check_box(plan, box, *_round(number)[name])
		except AssertionError as error:
			if name in box.owed:
				raise Skip(f"{box.owed[name]}: {error}") from error
			raise
		assert name not in box.owed, f"right now, so no longer owed: {box.owed[name]}"
	return check


for _number, _scans in enumerate(ROUNDS):
	for _name, _plan, _, _of in _scans:
		for _box in _of:
			case(f"boxes/{_name}/{_box.name}")(_check(_number, _name, _plan, _box))


# SIGNALS of tfomap(8)
SIGNALS = set("""unsolicited echo kind-switch cookie-updated cookie-rotates kind34-blocked
	experimental-only fingerprint-changed syn-proxy synack-data reply-before-ack injected
	data-stripped option-stripped malformed proxy-likely""".split())

# CONDITIONS of tfomap(8)
CONDITIONS = {f"tfo.connectivity.{word}" for word in "works broken offline transient".split()} \
	| {"tfo.cookie.received", "tfo.cookie.not_received"} \
	| {f"tfo.{what}.{word}" for what in ("syndata", "cookie")
		for word in "acked not_acked failed".split()}


@case("boxes/complete")
def each_verdict_condition_and_signal_has_its_box():
	plans = [plan for box in BOXES.values() for plan in box.plans.values()]
	text = subprocess.run(command(["--list-verdicts"]), check=True, stdout=subprocess.PIPE,
		text=True).stdout
	verdicts = {line.split()[0] for line in text.splitlines()}
	# One takes --payload none: see packets/payload; one is plan complete's: see complete.py.
	elsewhere = {"cookie-only", "stalled"} & verdicts
	equal(verdicts - {plan.verdict for plan in plans}, elsewhere, "verdicts without a box")
	equal(set.union(*(plan.signals for plan in plans)), SIGNALS, "signals of boxes")
	equal(set.union(*(plan.conditions for plan in plans)), CONDITIONS, "conditions of boxes")


# ---- many ----

MIXED = ("198.19.128.0/18", "2001:2:0:80::/114", "-p", "7,8")
MIXED_N = 65536


def _persona_at(address):
	return PERSONAS[(int(ipaddress.ip_address(address)) & 0x7fff) % len(PERSONAS)]


@case("boxes/mixed-65536")
def sixty_five_thousand_personas():
	"""A persona for each address, IPv4 and IPv6, each with its right row. One of them may answer after
	its time-out on a busy machine: then it is asked once more, and its answer was counted as late."""
	before, meta = truth.syn_counters()[0], f"{WORK}/mixed.json"
	run = tfomap(*_arguments("path"), "-r", 20000, *MIXED, "-m", meta, quick=False)
	syns = truth.syn_counters()[0] - before
	equal(len(by_target(run.rows)), MIXED_N, "rows")
	wrong, expected, again = collections.defaultdict(list), 0, 0
	for row in run.rows:
		box = _persona_at(row["ip"])
		n_late = int(row["probes"]) == box.plans["path"].syns.total() + 1
		expected += box.plans["path"].syns.total() + n_late
		again += n_late
		try:
			_check_row("path", row, box, n_late)
		except AssertionError as error:
			if "path" not in box.owed:
				wrong[box.name].append(f"{row['ip']}: {error}")
	told = "\n".join(f"{len(rows)} of {name}, one of them {rows[0]}" for name, rows in wrong.items())
	assert not wrong, f"{sum(map(len, wrong.values()))} rows are wrong:\n{told}"
	with open(meta) as f:
		late = json.load(f)["counters"]["replies"]["late"]
	assert again <= late, f"{again} targets were asked once more, {late} answers were late"
	equal(syns, expected, "SYNs at the far end")
