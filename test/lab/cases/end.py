"""How a scan ends: exit status, message, and rows that stay sound."""

import csv
import io
import json
import os
import signal

from harness import (QUICK, WORK, Capture, Skip, Tap, by_target, captured, case, check_rows, equal,
	finish, host, interrupt, read_rows, shell, start, tfomap, truth)
from .targets import PLAIN

LONG = ["198.18.0.0/16", "-p", PLAIN, "-r", 500]  # 131 s, if nothing ends it
OPEN_END = ["--no-default-blocklist", "-c", 3600, "--timeout", 1]


def _stopped(number, args=QUICK + LONG):
	with Capture() as capture:
		tap = Tap()
		process = start(args)
		tap.wait_syns(100)
		interrupt(process, number)
		run = finish(process)
	equal(run.status, 4, "exit status: " + run.err)
	assert 100 <= capture.syns < 65536, f"{capture.syns} SYNs"
	return run, capture


@case("end/interrupt")
def one_interrupt_waits_for_the_answers():
	check_rows(*_stopped(signal.SIGINT))


@case("end/terminate")
def so_does_sigterm():
	check_rows(*_stopped(signal.SIGTERM))


@case("end/interrupt-twice")
def two_interrupts_leave_at_once():
	if os.readlink("/proc/self") != str(os.getpid()):
		raise Skip("/proc shows other processes than ours")
	tap = Tap()
	process = start(OPEN_END + LONG)  # would cool down for an hour
	tap.wait_syns(100)
	interrupt(process)
	interrupt(process)
	run = finish(process)
	equal(run.status, 4, "exit status: " + run.err)
	equal({row["verdict"] for row in run.rows} - {"no-cookie"}, set(), "verdicts")
	by_target(run.rows)


@case("end/max-results")
def enough_rows():
	run, capture = captured(*LONG, "-N", 5, expect=4)
	equal(len(run.rows), 5, "rows")
	assert capture.syns < 65536, "the scan went on to its end"


@case("end/max-runtime")
def enough_time():
	run, capture = captured(*LONG, "-t", 1, expect=4)
	check_rows(run, capture)
	assert 0 < capture.syns < 65536, f"{capture.syns} SYNs"


@case("end/closed-pipe")
def a_reader_that_leaves():
	process = start(QUICK + ["198.18.0.0/16", "-p", PLAIN, "-r", 20000])
	head = [process.stdout.readline() for _ in range(3)]
	process.stdout.close()
	err = process.stderr.read()
	process.stderr.close()
	equal(process.wait(60), 3, "exit status: " + err)
	assert "pipe" in err.lower(), f"no reason is given: {err}"
	equal(len(read_rows("".join(head))), 2, "rows that were read")


@case("end/full-disk")
def a_disk_that_fills():
	tiny = f"{WORK}/tiny"
	os.makedirs(tiny, exist_ok=True)
	shell(f"mount -t tmpfs -o size=64k tmpfs {tiny}")
	try:
		for form in ("csv", "ndjson"):
			path = f"{tiny}/out.{form}"
			run = tfomap("198.18.48.0/21", "-p", PLAIN, "-o", path, "-O", form, expect=3)
			with open(path, newline="") as f:
				text = f.read()
			os.unlink(path)
			assert path in run.err and "space" in run.err, f"no reason is given: {run.err}"
			rows = read_rows(text)
			assert 0 < len(rows) < 2048, f"{len(rows)} rows"
			assert text.endswith("\n"), f"the last row is cut short: {text[-80:]!r}"
			equal({row["verdict"] for row in rows}, {"no-cookie"}, "verdicts")
	finally:
		shell(f"umount {tiny}")


@case("end/status-file")
def status_updates_are_a_table():
	path = f"{WORK}/status.csv"
	tfomap("198.18.50.0/24", "-p", PLAIN, "-r", 200, "-u", path)
	with open(path, newline="") as f:
		rows = list(csv.reader(io.StringIO(f.read(), newline="")))
	assert len(rows) > 1, "no update in a scan of a second and more"
	equal({len(row) for row in rows}, {len(rows[0])}, "columns")


@case("end/metadata")
def the_metadata_agree_with_the_far_end():
	path = f"{WORK}/meta.json"
	before = truth.fastopen_counters()
	run, capture = captured(host("nginx"), host("listener-plain"), host("silent", 1), "-m", path,
		"--retries", 1, "--notes", "a note")
	with open(path) as f:
		meta = json.load(f)
	check_rows(run, capture)
	after = truth.fastopen_counters()
	flows = [flow for flows in capture.flows.values() for flow in flows]
	sent = {"request": sum(not f.is_data for f in flows), "data": sum(f.is_data for f in flows)}
	verdicts = {row["verdict"] for row in run.rows}
	text = json.dumps(meta)
	assert "a note" in text and "scan0" in text, text
	for kind, n in sent.items():
		equal(_find(meta, kind), n, f"packets of kind {kind}")
	for verdict in verdicts:
		equal(_find(meta, verdict), 1, f"verdicts {verdict}")
	equal(after["Passive"] - before["Passive"], 1, "TCPFastOpenPassive")


def _find(node, key):
	"""The number under a key, wherever the document keeps it"""
	if isinstance(node, dict):
		if isinstance(node.get(key), int):
			return node[key]
		node = list(node.values())
	if isinstance(node, list):
		return next((n for n in (_find(child, key) for child in node) if n is not None), None)
	return None
