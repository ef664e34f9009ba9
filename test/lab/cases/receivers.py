"""Several receive threads: each takes what comes to it, whatever part of the targets it is of; the
rows are those of one."""

import re

from harness import (HOSTS, QUICK, by_target, case, equal, finish, interrupt, start, tfomap,
	wait_for, write)
from .engines import PINNED, _napi, _need_xdp_rx
from .forged import FLOOD, Flooder, _watched, arrived
from .resume import Files, check_complete, finish_complete
from .rows import stable
from .targets import PLAIN

OPEN, CLOSED = HOSTS["listener"].port, 81
# So many that two threads send.
LINES = "".join(f"198.18.{64 + i // 256}.{i % 256}:{port}\n" for i in range(4096)
	for port in (OPEN, PLAIN, CLOSED, 82)) + "198.18.0.8:71\n[2001:2:0:18::8]:71\n"
TWO = ["-r", "200K", "-T", 2, "--receiver-threads", 2]
LARGE = ["198.18.64.0/18", "-p", "81-96", "--report", "all", "--retries", 1]
TARGETS = 16 * 16384


def _read_by_each(err):
	"""Packets, as each thread says at the end"""
	read = [int(n) for n in re.findall(r"receive thread \d of 2: (\d+) packets", err)]
	equal(len(read), 2, "threads that say what they read: " + err[-1000:])
	return read


def _check_both(err, least):
	read = _read_by_each(err)
	assert min(read) > least, f"one thread had next to nothing: {read}"


def _with(rx, check):
	def checked():
		if rx != "xdp":
			check("--rx", rx)
			return
		_napi(True)
		try:
			_need_xdp_rx()
			check("--rx", rx)
		finally:
			_napi(False)
	return checked


def _rows(*engines):
	args = [*PINNED, "-I", write("receivers", LINES), "--report", "all", "--retries", 2, "-r", "200K",
		"-T", 2, *engines]
	one, two = (tfomap(*args, "--receiver-threads", n) for n in (1, 2))
	assert "receive thread" not in one.err, one.err
	_check_both(two.err, 1000)
	# A late answer, of a busy machine, costs a probe more.
	rows = [set(stable([row | {"probes": ""} for row in run.rows])) for run in (one, two)]
	equal(len(two.rows), len(LINES.split()), "rows")
	differ = sorted(rows[0] ^ rows[1])
	assert not differ, f"{len(differ)} rows differ: {differ[:2]}"


def _start_until(args, packets):
	"""A scan that has sent so many: more than a socket could tell of one by one"""
	before = arrived()
	process = start(args)
	wait_for(lambda: arrived() - before >= packets, f"{packets} packets")
	return process


def _killed(*engines):
	"""A checkpoint is of both parts, whoever took what it counts on."""
	files = Files("receivers" + engines[1])
	args = [*QUICK, *LARGE, *TWO, *engines, *files.args]
	for _ in range(3):
		process = _start_until(args, TARGETS // 8)
		process.kill()
		assert finish(process).status == -9, "it has ended before"
	run = finish_complete(args)
	_check_both(run.err, 1000)
	check_complete(files, TARGETS, {"closed"})


def _stopped(*engines):
	"""What was answered by then has its row, and no target has two."""
	process = _start_until([*QUICK, *LARGE, *TWO, *engines], TARGETS // 4)
	interrupt(process)
	run = finish(process)
	equal(run.status, 4, "exit status: " + run.err)
	_check_both(run.err, 100)
	rows = by_target(run.rows)
	equal(len(rows), len(run.rows), "targets, and rows")
	assert len(rows) > TARGETS // 16, f"{len(rows)} rows"
	equal({row["verdict"] for row in run.rows}, {"closed"}, "verdicts")


def _max_results(*engines):
	"""As many rows as that, and not one more, however many threads write them"""
	for n in (1000, 20000):
		run = tfomap(*LARGE, *TWO, *engines, "-N", n, expect=4)
		equal(len(run.rows), n, "rows")
		equal(len(by_target(run.rows)), n, "targets that have one")


def _flooded(*engines):
	"""What answers nothing is of no part."""
	with _watched(), Flooder() as flooder:
		process = start([*QUICK, *PINNED, *LARGE, *TWO, *engines])
		while process.poll() is None and flooder.sent < FLOOD:
			flooder.send(5000)
		run = finish(process)
	equal(run.status, 0, "exit status: " + run.err)
	assert flooder.sent >= 5000, "the flood came too late"
	_check_both(run.err, 1000)
	equal(len(by_target(run.rows)), len(run.rows), "targets, and rows")
	unfinished = re.search(r"(\d+) targets? unfinished", run.err)
	equal(len(run.rows) + int(unfinished[1] if unfinished else 0), TARGETS, "rows, and who has none")


for _rx in ("pcap", "xdp"):
	for _name, _check in (("rows", _rows), ("killed", _killed), ("stopped", _stopped),
			("max-results", _max_results), ("flood", _flooded)):
		case(f"receivers/{_name}-{_rx}", fresh=_name == "flood")(_with(_rx, _check))


@case("receivers/more-than-send")
def no_more_than_there_are_that_send():
	run = tfomap("-v", 4, "198.18.0.5", "-p", 7, "--receiver-threads", 2)
	equal(len(run.rows), 1, "rows")
	assert "receive thread 1 of" not in run.err, run.err
