"""Runs tfomap in the scanner's namespace, reads its rows, holds them against the truth, and
keeps the list of cases."""

import contextlib
import csv
import functools
import io
import json
import os
import signal
import socket
import subprocess
import time
import traceback
from dataclasses import dataclass

import truth
from truth import WORK, Capture, inside, wait_for

TFOMAP = os.environ["TFOMAP"]
LAB = os.path.dirname(os.path.abspath(__file__))
LIFE_S = 90  # no run of tfomap may last longer
# Nor a case, but one that is given more to do by hand.
CASE_S = 1700 if {"KILLS", "FLOOD", "LOCATE", "COMPLETE"} & os.environ.keys() else 400
SCAN4, SCAN6 = "198.19.0.2", "2001:2:0:ff::2"
# A silent probe is silent after 1 s, and the last answers need no 8 s on one cable.
QUICK = ["--no-default-blocklist", "-c", "1", "--timeout", "1"]
SEVEN = "tfo_synkind tfo_ackkind tfo_synclen tfo_ackclen tfo_seq tfo_dlen tfo_ack".split()


class Skip(Exception):
	pass


class Hangs(AssertionError):
	pass


@dataclass
class Host:
	name: str
	program: str
	queue: str
	port: int
	filter: str
	v4: str
	v6: str
	verdict: str

	@property
	def twins(self):
		return ((self.v4, self.port), (self.v6, self.port))


def _hosts():
	with open(f"{LAB}/hosts.tbl") as table:
		rows = [line.split() for line in table if not line.startswith("#")]
	return {r[0]: Host(r[0], r[1], r[2], int(r[3]), *r[4:]) for r in rows}


HOSTS = _hosts()


def each_twin(rows, check):
	"""check(row, target) of each address of the rows: all that is wrong, not the first only"""
	wrong, n = [], 0
	for row in rows:
		for target in row.twins:
			n += 1
			try:
				check(row, target)
			except AssertionError as error:
				wrong.append(f"{row.name} {spell(target)}: {error}")
	assert not wrong, f"{len(wrong)} of {n} are wrong: " + "\n".join(wrong[:8])


def spell(target):
	"""addr:port or [v6]:port"""
	address, port = target
	return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def host(name, family=0):
	"""A host's target as tfomap reads it; family 0 = IPv4, 1 = IPv6"""
	return spell(HOSTS[name].twins[family])


# ---- running tfomap ----

@dataclass
class Run:
	status: int
	out: str
	err: str
	rows: list


def command(args, prefix=()):
	return ["ip", "netns", "exec", "scan", *prefix, TFOMAP, *map(str, args)]


_started = []  # by the case that is tried now


def start(args, prefix=(), **popen):
	popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
		"text": True} | popen
	_started.append(process := subprocess.Popen(command(args, prefix), **popen))
	return process


def finish(process, stdin=None, life_s=LIFE_S):
	try:
		out, err = process.communicate(stdin, timeout=life_s)
	except subprocess.TimeoutExpired:
		process.kill()
		out, err = process.communicate()
		raise AssertionError(f"tfomap did not end in {life_s} s; it said: {err[-2000:]}")
	return Run(process.returncode, out or "", err, read_rows(out or ""))


def tfomap(*args, quick=True, stdin=None, expect=0, prefix=()):
	"""Runs it to its end and holds its exit status against `expect`, if that is not None."""
	args = QUICK + list(args) if quick else args
	run = finish(start(args, prefix, stdin=subprocess.PIPE), stdin or "")
	assert expect is None or run.status == expect, \
		f"exit status {run.status}, not {expect}: {' '.join(map(str, args))}\n{run.err[-2000:]}"
	return run


def captured(*args, **kwargs):
	"""tfomap(), with a capture of the far end: (run, capture)"""
	with Capture() as capture:
		run = tfomap(*args, **kwargs)
	return run, capture


def needs(option):
	"""An option that is not built yet is not in the help; its case has to wait for it."""
	text = subprocess.run(command(["--help"]), stdout=subprocess.PIPE, text=True,
		timeout=LIFE_S).stdout
	if option not in text.replace(",", " ").split():
		raise Skip(f"{option} is not built yet")


class Tap:
	"""Sees SYNs arrive at the servers' end while a scan runs: the event that cases wait for."""

	def __init__(self, interface="net0"):
		with inside("net"):
			self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
			self._socket.bind((interface, 3))
		self._socket.settimeout(30)

	def wait_syns(self, n):
		while n:
			packet = self._socket.recv(128)
			tcp = packet[20:] if packet[0] >> 4 == 4 else packet[40:]
			protocol = packet[9] if packet[0] >> 4 == 4 else packet[6]
			n -= protocol == socket.IPPROTO_TCP and tcp[13] & (truth.SYN | truth.ACK) == truth.SYN
		self._socket.close()


def interrupt(process, number=signal.SIGINT):
	"""Sends a signal and returns when the process has taken it, or has ended."""
	process.send_signal(number)

	def taken():
		try:
			with open(f"/proc/{process.pid}/status") as status:
				sets = dict(line.split(":", 1) for line in status)
		except (FileNotFoundError, ProcessLookupError):
			return True
		bit = 1 << (number - 1)
		return not (int(sets["ShdPnd"], 16) | int(sets["SigPnd"], 16)) & bit \
			or sets["State"].split()[0] == "Z"
	wait_for(taken, "the signal to be taken")


# ---- rows ----

def read_rows(text):
	"""CSV or ndjson, every value as the CSV would spell it; a row that is not sound is a failure"""
	if text.startswith("{"):
		return [{k: _spelled(v) for k, v in json.loads(line).items()}
			for line in text.splitlines()]
	rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
	assert not text or text.endswith("\n"), f"the last row is cut short: {text[-80:]!r}"
	for row in rows:
		assert len(row) == len(rows[0]), f"{len(row)} columns, not {len(rows[0])}: {row}"
	return [dict(zip(rows[0], row)) for row in rows[1:]]


def _spelled(value):
	if value is None:
		return ""
	if isinstance(value, bool):
		return str(value).lower()
	if isinstance(value, list) and all(isinstance(v, str) for v in value):
		return ";".join(value)
	return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def target_of(row):
	return row["ip"], int(row["port"])


def by_target(rows):
	found = {target_of(row): row for row in rows}
	assert len(found) == len(rows), "a target has two rows"
	return found


def listed(words):
	return set(words.split(";")) - {""}


def check_row(row, flows):
	"""One row of --rows target against all flows of its target"""
	want = truth.expected_row(flows)
	got = {name: row[name] for name in want}
	got["conditions"] = listed(row["conditions"])
	for name, value in want.items():
		value = value if isinstance(value, set) else str(value)
		assert got[name] == value, f"{spell(target_of(row))}: {name} is {got[name]!r}, " \
			f"the far end says {value!r}"


def check_rows(run, capture, report="answered"):
	"""All rows against all the capture saw: the same targets, each row right in every field"""
	told = {
		"all": lambda flows: True,
		"answered": lambda flows: any(f.answers for f in flows),
		"synack": lambda flows: any(f.first("synack") for f in flows),
	}[report]
	rows = by_target(run.rows)
	want = {t for t, flows in capture.flows.items() if told(flows)}
	assert rows.keys() == want, f"rows only: {set(rows) - want}; far end only: {want - set(rows)}"
	for target, row in rows.items():
		check_row(row, capture.flows[target])
	check_packets(capture)


def check_packets(capture):
	"""No packet of ours is unsound, and nothing came back that no SYN asked for"""
	for target, flows in capture.flows.items():
		assert all(f.sound for f in flows), f"bad TCP checksum towards {spell(target)}"
	assert not capture.stray, f"answers to no SYN of ours: {capture.stray[:3]}"


def equal(got, want, what):
	assert got == want, f"{what}: {got!r}, not {want!r}"


def write(name, text):
	path = f"{WORK}/{name}"
	with open(path, "w") as f:
		f.write(text)
	return path


PARTS = "enter topology servers middleboxes chain wall".split()


def shell(text):
	"""A line for bash with the lab's functions at hand"""
	parts = "".join(f". {LAB}/{part}.sh\n" for part in PARTS)
	subprocess.run(["bash", "-euc", parts + text], check=True)


def fresh_filters():
	shell("topology_filters")


# ---- cases ----

CASES = {}
_FRESH = set()  # cases that need servers that nothing has asked before
_TOGETHER = []  # tuples of words: cases that share what they have seen


@dataclass
class Unit:
	"""Cases that one lab has to try one after the other"""
	names: list
	fresh: bool  # nothing else may have been tried there


def case(name, fresh=False):
	"""fresh: its servers' queues must be empty, or nothing half open, so it needs a lab where nothing
	else has been"""
	def register(function):
		assert name not in CASES, name
		CASES[name] = function
		if fresh:
			_FRESH.add(name)
		return function
	return register


def once(function):
	"""What many cases share: it is done for the first of them, and where it fails it has failed for
	all of them."""
	done = []

	@functools.wraps(function)
	def ask():
		if not done:
			try:
				done.append((function(), None))
			except Exception as error:
				done.append((None, error))
		value, error = done[0]
		if error:
			raise error
		return value
	return ask


def together(*words):
	"""Cases of these names, or with these names before a "/", share a scan, so also a lab; where one
	is fresh the scan is."""
	_TOGETHER.append(words)


def unknown(wanted):
	return [word for word in wanted if not any(_fits(name, word) for name in CASES)]


def units(wanted):
	"""What is to be tried, in order: all cases where none is wanted"""
	found = {}
	for name in CASES:
		if not wanted or any(_fits(name, word) for word in wanted):
			shared = [words for words in _TOGETHER if any(_fits(name, word) for word in words)]
			unit = found.setdefault(shared[0] if shared else name, Unit([], False))
			unit.names.append(name)
			unit.fresh |= name in _FRESH
	return list(found.values())


@contextlib.contextmanager
def _limited(life_s):
	"""Whatever is waited for in there, it ends; what was started there and still runs then, too."""
	def end(*_):
		for process in _started:
			if process.poll() is None:
				process.kill()
		raise Hangs(f"the case did not end in {life_s} s")
	signal.signal(signal.SIGALRM, end)
	signal.alarm(life_s)
	try:
		yield
	finally:
		signal.alarm(0)
		_started.clear()


def try_case(name):
	"""Runs it: its name, outcome (passed, failed, skipped), why, and how long it took"""
	start_s = time.monotonic()
	try:
		with _limited(CASE_S):
			CASES[name]()
		outcome, why = "passed", ""
	except Skip as reason:
		outcome, why = "skipped", str(reason)
	except Exception as error:
		outcome, why = "failed", str(error)
		if not isinstance(error, AssertionError) or isinstance(error, Hangs):
			why += "\n" + traceback.format_exc()
	return {"name": name, "outcome": outcome, "why": why, "took_s": time.monotonic() - start_s}


def _fits(name, wanted):
	return name == wanted or name.startswith(wanted + "/")
