"""What is slow, or stands still: the receive thread, whoever reads rows and files, a terminal. The
scan waits for it, a stop does not, and what is lost is told."""

import contextlib
import csv
import ctypes
import fcntl
import ipaddress
import json
import os
import random
import signal
import struct
import termios
import threading

from harness import (HOSTS, LIFE_S, QUICK, WORK, Capture, Tap, by_target, case, equal, finish,
	fresh_filters, interrupt, shell, start, tfomap, wait_for, write)
from .targets import PLAIN

FAST = HOSTS["listener"].port
SILENT = 70
ALL = ["198.18.0.0/16", "-p", PLAIN, "-O", "ndjson", "-f", "*"]  # some 60 MB of rows
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000


def _threads(process, name):
	tasks = f"/proc/{process.pid}/task"
	found = []
	for tid in os.listdir(tasks):
		# One that ends meanwhile has no name any more.
		with contextlib.suppress(FileNotFoundError, ProcessLookupError), \
				open(f"{tasks}/{tid}/comm") as comm:
			found += [int(tid)] * (comm.read().strip() == name)
	return found


def _ptrace(request, tid):
	libc = ctypes.CDLL(None, use_errno=True)
	if libc.ptrace(request, tid, None, None):
		raise OSError(ctypes.get_errno(), f"ptrace({request})")


@contextlib.contextmanager
def _stopped(tid):
	"""One thread of a process does not run."""
	_ptrace(PTRACE_SEIZE, tid)
	_ptrace(PTRACE_INTERRUPT, tid)
	os.waitpid(tid, WALL)
	try:
		yield
	finally:
		_ptrace(PTRACE_DETACH, tid)


def _status(path, column):
	"""The newest figure of a status updates file"""
	with open(path, newline="") as f:
		rows = list(csv.DictReader(f))
	return int(rows[-1][column] or 0) if rows else 0


def _metadata(path):
	with open(path) as f:
		return json.load(f)


def _is_over(path):
	"""Whether the metadata are there, and not those of a run that still goes on"""
	try:
		return _metadata(path)["exit_reason"] != "running"
	except (FileNotFoundError, ValueError):
		return False


def _sound(meta):
	losses = {name: n for name, n in meta["counters"]["losses"].items() if n}
	equal((meta["sound"], losses), (True, {}), "sound, losses")


def _half_answering(n):
	"""A list of n lines, half of them of servers, the others of nobody; in any order"""
	first = ipaddress.ip_address("198.18.0.0")
	lines = [f"{first + i // 2}:{SILENT if i % 2 else FAST}" for i in range(n)]
	random.Random(9).shuffle(lines)
	shell(f"in_net nft add rule inet lab filter ip daddr 198.18.0.0/16 tcp dport {SILENT} drop")
	return write("half.txt", "\n".join(lines) + "\n")


@case("pressure/receiver")
def a_receive_thread_that_gets_no_time_loses_nothing():
	status, meta = f"{WORK}/stall.csv", f"{WORK}/stall.json"
	targets = _half_answering(100000)
	try:
		tap = Tap()
		process = start(QUICK + ["-I", targets, "-r", 20000, "-O", "ndjson", "-f", "*", "-u", status,
			"-m", meta, "-o", f"{WORK}/stall.rows"])
		tap.wait_syns(100)
		# The sweep takes 5 s.
		with _stopped(_threads(process, "receive")[0]):
			wait_for(lambda: _status(status, "waits_receiver"), "the sweep to wait")
		run = finish(process)
	finally:
		fresh_filters()
	equal(run.status, 0, "exit status: " + run.err)
	with open(f"{WORK}/stall.rows") as f:
		rows = by_target([json.loads(line) for line in f])
	equal(len(rows), 50000, "rows")
	equal({row["verdict"] for row in rows.values()}, {"accepted"}, "verdicts")
	_sound(_metadata(meta))


@case("pressure/reader")
def a_slow_reader_slows_the_sweep_and_gets_every_row():
	status, meta = f"{WORK}/slow.csv", f"{WORK}/slow.json"
	process = start(QUICK + ALL + ["-r", 20000, "-u", status, "-m", meta])
	wait_for(lambda: os.path.exists(status) and _status(status, "waits_output"), "the sweep to wait")
	run = finish(process)
	equal(run.status, 0, "exit status: " + run.err)
	equal(len(by_target(run.rows)), 65536, "rows")
	_sound(_metadata(meta))


def _fifo(name):
	"""A pipe with a name, and an end of it that nobody reads from yet"""
	path = f"{WORK}/{name}"
	with contextlib.suppress(FileNotFoundError):
		os.unlink(path)
	os.mkfifo(path)
	return path, os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def _read_all(fd):
	text = b""
	while piece := os.read(fd, 65536):
		text += piece
	os.close(fd)
	return text.decode()


def _frames(path):
	"""How many frames a capture file has, which ends with a whole one"""
	with open(path, "rb") as f:
		data = f.read()
	at, n = 24, 0
	while at < len(data):
		at += 16 + struct.unpack_from("<I", data, at + 8)[0]
		n += 1
	equal(at, len(data), "the capture's end")
	return n


def _said(process, words):
	"""Reads standard error as far as a line with these words, for as long as a scan may take."""
	said, limit = [], threading.Timer(LIFE_S, process.kill)
	limit.start()
	try:
		for line in process.stderr:
			if words in line:
				return line
			said.append(line)
	finally:
		limit.cancel()
	raise AssertionError(f"it did not say {words!r}, but: {''.join(said)[-2000:]}")


def _blocked(prefix):
	"""A scan of FAST whose rows nobody reads, interrupted twice: its run, metadata, and what came out
	of the pipe"""
	meta = f"{WORK}/b.json"
	fifo, fd = _fifo("b.rows")
	process = start(QUICK + [prefix, "-p", FAST, "-o", fifo, "-O", "ndjson", "-f", "*",
		"--cookie-file", f"{WORK}/b.cookies", "--save-pcap", f"{WORK}/b.pcap", "-m", meta])
	line = _said(process, "output blocked: ")
	assert " rows wait" in line and fifo in line, line
	equal(_metadata(meta)["exit_reason"], "running", "exit reason, so far")
	interrupt(process)
	_said(process, "interrupt again to quit now")
	assert process.poll() is None, "one interrupt left without the rows"
	interrupt(process)
	run = finish(process)
	equal(run.status, 4, "exit status: " + run.err)
	found = _metadata(meta)
	equal((found["sound"], found["exit_reason"], found["exit_status"]), (False, "signal", 4),
		"sound, exit reason and status")
	return run, found, _read_all(fd)


@case("pressure/blocked-output")
def rows_that_nobody_reads_are_waited_for_and_told_of():
	run, found, text = _blocked("198.18.48.0/22")
	rows, lost = found["counters"]["rows"]["rows"], found["counters"]["losses"]["rows_lost"]
	equal(rows + lost, 1024, "rows and rows lost")
	assert lost and f"rows_lost {lost}: " in run.err, f"{lost} lost: {run.err}"
	equal(len([json.loads(row) for row in text.splitlines()]), rows, "rows in the pipe")
	with open(f"{WORK}/b.cookies") as f:
		equal({len(line.split(",")) for line in f.read().splitlines()}, {6}, "columns")
	with open(f"{WORK}/b.cookies") as f:
		equal(len(f.readlines()), 1025, "lines of the cookie file")
	assert _frames(f"{WORK}/b.pcap") >= 4 * 1024, "frames are missing"


@case("pressure/blocked-output-long")
def rows_that_find_no_room_are_waited_for_too():
	"""More of them than may wait: the receive thread does, with the rest of the targets"""
	run, found, text = _blocked("198.18.48.0/20")
	counters = found["counters"]
	rows, lost = counters["rows"]["rows"], counters["losses"]["rows_lost"]
	unfinished = counters["losses"]["unfinished"]
	equal(rows + lost + unfinished, counters["state"]["targets_started"], "targets told of")
	assert lost and unfinished, f"{lost} rows lost, {unfinished} targets unfinished"
	equal(len([json.loads(row) for row in text.splitlines()]), rows, "rows in the pipe")


def _interrupted_twice(process):
	interrupt(process)
	interrupt(process)
	return finish(process)


@case("pressure/blocked-capture")
def a_capture_that_nobody_reads_holds_the_sweep_back():
	status = f"{WORK}/c.csv"
	fifo, fd = _fifo("c.pcap")
	process = start(QUICK + ALL + ["-r", 20000, "-o", f"{WORK}/c.rows", "--save-pcap", fifo, "-u",
		status])
	wait_for(lambda: os.path.exists(status) and _status(status, "waits_output"), "the sweep to wait")
	run = _interrupted_twice(process)
	os.close(fd)
	equal(run.status, 4, "exit status: " + run.err)


@case("pressure/blocked-records")
def records_that_nobody_reads_stop_nothing():
	for option in ("--log-file", "--status-updates-file"):
		fifo, fd = _fifo("records")
		filler = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
		_fill(filler)
		meta = f"{WORK}/records.json"
		with Capture() as capture:
			tap = Tap()
			process = start(QUICK + ["198.18.0.0/16", "-p", PLAIN, "-r", 500, "-t", 1, "-o",
				f"{WORK}/records.rows", "-m", meta, option, fifo])
			tap.wait_syns(100)
			wait_for(lambda: _ended_sending(process), "the senders to end")
		assert 0 < capture.syns < 65536, f"{option}: {capture.syns} SYNs"
		run = _interrupted_twice(process)
		equal(run.status, 4, f"{option}: exit status: " + run.err)
		equal(_metadata(meta)["exit_reason"], "max-runtime", option)
		os.close(filler)
		os.close(fd)


def _ended_sending(process):
	return not _threads(process, "send")


def _fill(fd):
	with contextlib.suppress(BlockingIOError):
		while True:
			os.write(fd, b"\n" * 65536)
	with contextlib.suppress(BlockingIOError):
		while True:
			os.write(fd, b"\n")


@case("pressure/blocked-messages")
def messages_that_nobody_reads_stop_no_stop():
	for how in ("-t", signal.SIGINT, signal.SIGTERM):
		meta = f"{WORK}/messages.json"
		with contextlib.suppress(FileNotFoundError):
			os.unlink(meta)
		reader, writer = os.pipe()
		filler = os.open(f"/proc/self/fd/{writer}", os.O_WRONLY | os.O_NONBLOCK)
		_fill(filler)
		os.close(filler)
		with Capture() as capture:
			tap = Tap()
			process = start(QUICK + ["198.18.0.0/16", "-p", PLAIN, "-r", 500, "-m", meta, "-o",
				f"{WORK}/messages.rows"] + (["-t", 1] if how == "-t" else []), stderr=writer)
			os.close(writer)
			tap.wait_syns(100)
			if how != "-t":
				interrupt(process, how)
			wait_for(lambda: _is_over(meta), "the scan to end")
		assert 100 <= capture.syns < 65536, f"{how}: {capture.syns} SYNs"
		equal(_metadata(meta)["exit_reason"], "max-runtime" if how == "-t" else "signal", "reason")
		text = _read_all(reader)
		equal(process.wait(60), 4, "exit status")
		assert "tfomap: " in text, "messages are missing: " + text.strip()


@case("pressure/cookies")
def cookies_are_in_the_file_while_the_scan_goes_on():
	cookies = f"{WORK}/soon.cookies"
	process = start(QUICK + ["198.18.0.0/16", "-p", FAST, "-r", 100, "-o", f"{WORK}/soon.rows",
		"--cookie-file", cookies])

	def lines():
		if not os.path.exists(cookies):
			return []
		with open(cookies) as f:
			return f.readlines()
	wait_for(lambda: len(lines()) > 1, "a cookie in the file")
	process.kill()  # as hard as can be
	finish(process)
	assert all(line.count(",") == 5 and line.endswith("\n") for line in lines()), lines()[-1]


@case("pressure/blocked-dryrun")
def packets_that_nobody_reads_are_left():
	process = start(["-d", "--no-default-blocklist", "198.18.0.0/16"])
	room = fcntl.fcntl(process.stdout, fcntl.F_GETPIPE_SZ) // 2  # pages of it are not full
	wait_for(lambda: _waiting(process.stdout) > room, "the pipe to be full")
	interrupt(process)
	interrupt(process)
	process.stdout.read()
	equal(process.wait(60), 4, "exit status: " + process.stderr.read())


def _waiting(pipe):
	"""Bytes in a pipe"""
	return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


@case("pressure/losses")
def losses_are_told_at_the_end():
	path = f"{WORK}/tiny.json"
	run = tfomap("198.18.0.0/18", "-p", PLAIN, "-r", 0, "-q", "-m", path, "-o", "/dev/full",
		"--no-header", expect=3)
	meta = _metadata(path)
	assert not meta["sound"], "rows are lost, and all is sound"
	assert meta["counters"]["losses"]["rows_lost"], "no row is lost"
	assert "warning: rows_lost " in run.err, run.err
