"""What people and monitoring read: text, the closing summary, the status line, --expect."""

import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import termios

import boxtable
from harness import (HOSTS, LIFE_S, QUICK, WORK, Skip, Tap, case, command, equal, finish, host,
	interrupt, shell, spell, start, tfomap, write)

ROOT = os.path.abspath(os.path.join(os.path.dirname(boxtable.__file__), "../.."))
COLUMNS = 80
NAMES = ("nginx", "nginx-plain", "closed", "silent")
CONTROL = re.compile(r"\x1b\[[0-9;]*[mK]")


class Terminal:
	"""tfomap on a terminal of its own; its whole output, and that of both streams"""

	def __init__(self, *args, columns=COLUMNS, quick=True, prefix=(), **popen):
		self.text = ""
		self._fd, own = os.openpty()
		fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
		env = {"PATH": os.environ["PATH"], "TERM": "xterm"} | popen.pop("env", {})
		self.process = start((QUICK if quick else []) + list(args), prefix, env=env,
			**{"stdin": own, "stdout": own, "stderr": own} | popen)
		os.close(own)

	def _read(self):
		"""False: there is no more."""
		if not select.select([self._fd], [], [], LIFE_S)[0]:
			raise AssertionError(f"nothing more came in {LIFE_S} s: {self.text[-2000:]!r}")
		try:
			got = os.read(self._fd, 65536)
		except OSError:  # all others have closed it
			return False
		self.text += got.decode()
		return bool(got)

	def until(self, pattern):
		"""What matches first"""
		while not (found := re.search(pattern, self.text)):
			assert self._read(), f"{pattern!r} is not in {self.text[-3000:]!r}"
		return found

	def end(self, status=0):
		"""All that came, as lines without control sequences"""
		while self._read():
			pass
		os.close(self._fd)
		equal(self.process.wait(LIFE_S), status, f"exit status; {self.text[-2000:]!r}")
		return [line for part in self.text.split("\n") for line in CONTROL.sub("", part).split("\r")
			if line]


def blocks(lines):
	"""{target: the lines of its block}"""
	found, of = {}, None
	for line in lines:
		if head := re.match(r"(\S+) port (\d+)", line):
			of = found.setdefault((head[1], int(head[2])), [])
		elif line.startswith("  ") and of is not None:
			of.append(line.strip())
		else:
			of = None
	return found


def few():
	return write("people-few", "".join(f"{ip},{port},{name}.lab.test\n"
		for name in NAMES for ip, port in HOSTS[name].twins))


def piped_text():
	return subprocess.run(command([*QUICK, host("nginx"), "-O", "text"]), stdout=subprocess.PIPE,
		stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, check=True, timeout=LIFE_S).stdout


@case("people/text")
def few_targets_on_a_terminal():
	lines = Terminal("-I", few(), "-q").end()
	found = blocks(lines)
	for name in NAMES:
		for ip, port in HOSTS[name].twins:
			text = " ".join(found[(ip, port)])
			assert text.startswith(f"{HOSTS[name].verdict}: ") and "Next: " in text, text
			assert f"{ip} port {port}, {name}.lab.test" in lines, lines
	equal(len(found), 8, "blocks")
	accepted = " ".join(found[(HOSTS["nginx"].v4, 80)])
	assert re.search(r"gives an 8-byte cookie and took (\d+) of \1 bytes of data", accepted), accepted
	assert max(map(len, lines)) <= COLUMNS, lines


@case("people/text-or-not")
def what_makes_it_csv():
	"""A file, a pipe, fields, rows of replies, many targets"""
	one = (host("nginx"), "-q")
	assert blocks(Terminal(*one).end()), "text on a terminal"
	for words in (("-f", "ip,verdict"), ("--rows", "reply"), ("-O", "csv")):
		lines = Terminal(*one, *words).end()
		assert not blocks(lines) and "," in lines[0], (words, lines)
	equal(Terminal(*one, "-o", f"{WORK}/people.csv").end(), [], "on the terminal beside -o")
	assert tfomap(*one).out.startswith("ip,port,"), "CSV into a pipe"
	assert not blocks(Terminal("198.18.32.0/25", "-p", 7, "-q").end()), "text of 128 targets"
	assert blocks(Terminal("198.18.32.0/26", "-p", 7, "-q").end()), "no text of 64 targets"
	assert blocks(piped_text().split("\n")), "text where it is named"


@case("people/colours")
def only_where_a_terminal_has_them():
	verdict = "\x1b[1;32maccepted\x1b[0m"
	for env, wanted in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True),
			({"TERM": "dumb"}, False)):
		screen = Terminal(host("nginx"), "-q", env=env)
		screen.end()
		equal(verdict in screen.text, wanted, f"colours with {env}")
	assert "\x1b" not in piped_text(), "colours in a pipe"
	screen = Terminal(host("nginx"), env={"TERM": "dumb"})
	screen.end()
	assert "\x1b" not in screen.text, f"sequences on a terminal without any: {screen.text!r}"


@case("people/widths")
def as_wide_as_the_terminal():
	for columns in (48, 120):
		lines = Terminal(host("nginx"), "-q", columns=columns).end()
		longest = max(map(len, lines))
		room = min(columns, 100)
		assert room - 15 <= longest <= room, f"{longest} of {columns}: {lines}"


@case("people/summary")
def what_became_of_it():
	path = f"{WORK}/people-summary.csv"
	lines = Terminal("-I", few(), "-o", path).end()
	said = [line[len("tfomap: "):] for line in lines if line.startswith("tfomap: ")]
	assert re.fullmatch(r"complete after 0:\d\d: 8 targets, \d+ SYNs sent, 6 rows in "
		f"'{re.escape(path)}'", said[-3]), said
	equal(said[-2], "verdicts: closed 2, no-cookie 2, accepted 2, silent 2", "verdicts")
	equal(said[-1], "losses: none", "losses")
	assert "verdicts: " not in tfomap("-I", few()).err, "a summary where there is no terminal"
	assert not [line for line in Terminal("-I", few(), "-q", "-o", path).end()], "with -q"


@case("people/rows-and-status")
def rows_and_status_line_on_one_terminal():
	screen = Terminal("-I", few())
	lines = screen.end()
	equal(len(blocks(lines)), 8, "blocks")
	assert any(re.match(r" 0:\d\d \d+%", line) for line in lines), lines


@case("people/status")
def what_is_waited_for():
	"""At 80 columns; cookies count when they come, not with the row"""
	shell("boxes_filters")
	targets = [spell(target) for target in boxtable.read()["drop-data"].twins]
	screen = Terminal("--no-default-blocklist", "--timeout", 0.4, "--retries", 1, "-c", 1,
		"--plan", "path", "--confirm", 5, "-O", "csv", *targets, quick=False)
	screen.until(r" 0:\d\d 100% \(probes pending\) \| [^\r]*cookies 2, acc(epted)? 0")
	screen.until(r" 0:\d\d 100% \(second test in 0:0\d, 2 targets\) \| [^\r]*cookies 2")
	lines = screen.end()
	status = [line for line in lines if re.match(r" 0:\d\d ", line)]
	assert max(map(len, status)) <= COLUMNS, status
	assert all("cookies 2" in line for line in status[3:]), status


def _expects(verdicts, *args, status):
	run = tfomap("--expect", verdicts, *args, expect=status)
	lines = run.out.splitlines()
	equal(len(lines), 1, f"lines on standard output: {run.out!r}")
	return lines[0]


@case("people/expect")
def exit_status_and_line():
	good, bad, silent = host("nginx"), host("nginx-plain"), host("silent")
	equal(_expects("accepted", good, status=0),
		"TFOMAP OK - 1 of 1 target as expected (accepted) | targets=1 expected=1 accepted=1", "line")
	equal(_expects("accepted", good, bad, status=2),
		f"TFOMAP CRITICAL - 1 of 2 targets not as expected (accepted): {bad} no-cookie | targets=2 "
		"expected=1 no-cookie=1 accepted=1", "line")
	_expects("accepted,no-cookie", good, bad, status=0)
	equal(_expects("accepted", silent, "--retries", 0, status=3),
		"TFOMAP UNKNOWN - nobody answered | targets=1 expected=0 offline=1", "line")
	_expects("offline", silent, "--retries", 0, status=0)
	assert "offline" in _expects("accepted", good, silent, "--retries", 0, status=2)
	_expects("accepted", good, "-i", "nowhere", status=3)


@case("people/expect-rows")
def rows_beside_the_line():
	path = f"{WORK}/people-expect.csv"
	_expects("accepted", host("nginx"), host("silent"), "-o", path, "--retries", 0, status=2)
	with open(path) as f:
		lines = f.read().splitlines()
	equal(len(lines), 2, "the header, and who answered")
	_expects("accepted", host("nginx"), host("silent"), "-o", path, "--retries", 0, "--report",
		"all", "-O", "ndjson", status=2)
	with open(path) as f:
		equal(len([json.loads(line) for line in f]), 2, "rows of all")


@case("people/expect-stopped")
def stopped_before_its_end():
	tap = Tap()
	process = start([*QUICK, "198.18.48.0/20", "-p", 7, "-r", 200, "--expect", "accepted"])
	tap.wait_syns(20)
	interrupt(process, signal.SIGINT)
	run = finish(process)
	equal(run.status, 3, "exit status")
	assert run.out.startswith("TFOMAP UNKNOWN - it was stopped before its end | "), run.out


DEBIAN_PYTHON = "/usr/bin/python3"  # whose packages are Debian's
PARSE = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families as families
print(json.dumps([(s.name, sorted(s.labels.items()), s.value)
	for f in families(sys.stdin.read()) for s in f.samples]))
"""


@case("people/prometheus")
def metadata_as_metrics():
	meta = f"{WORK}/people-prometheus.json"
	run = tfomap("-I", few(), "-m", meta, "--notes", 'a "b"\\\nc', "--report", "all")
	text = subprocess.run(["jq", "-rf", f"{ROOT}/conf/prometheus.jq", meta],
		stdout=subprocess.PIPE, text=True, check=True).stdout
	parsed = subprocess.run([DEBIAN_PYTHON, "-c", PARSE], input=text, stdout=subprocess.PIPE,
		stderr=subprocess.PIPE, text=True, check=False)
	if "ModuleNotFoundError" in parsed.stderr:
		raise Skip("python3-prometheus-client is not installed")
	samples = {(name, *(tuple(label) for label in labels)): value
		for name, labels, value in json.loads(parsed.stdout)}
	with open(meta) as f:
		facts = json.load(f)
	for verdict, n in facts["verdicts"].items():
		equal(samples[("tfomap_targets", ("verdict", verdict))], n, verdict)
	equal(samples[("tfomap_targets", ("verdict", "accepted"))], 2, "accepted")
	for group, counters in facts["counters"].items():
		for name, n in counters.items():
			equal(samples[("tfomap_count", ("counter", name), ("group", group))], n, name)
	equal(samples[("tfomap_info", ("notes", 'a "b"\\\nc'), ("version", facts["tfomap"]))], 1, "info")
	equal(samples[("tfomap_targets_without_verdict",)], 0, "with --report all")
	equal((samples[("tfomap_sound",)], samples[("tfomap_complete",)]), (1, 1), "sound, complete")
	assert samples[("tfomap_end_timestamp_seconds",)] >= samples[("tfomap_start_timestamp_seconds",)]
	equal(len(run.rows), 8, "rows")
