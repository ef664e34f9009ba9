"""How a scan ends: exit status, message, and rows that stay sound."""

import collections
import csv
import io
import json
import os
import signal
import subprocess
import time

from harness import (HOSTS, QUICK, SCAN4, SCAN6, WORK, Capture, Skip, Tap, by_target, captured,
	case, check_rows, equal, finish, fresh_filters, interrupt, needs, read_rows, shell, spell,
	start, tfomap)
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


@case("end/just-booted")
def a_machine_that_has_just_booted():
	"""No time is counted from a clock's 0: here that is less than a second ago."""
	age_s = int(time.monotonic())
	namespace = ("unshare", "--time", f"--monotonic=-{age_s}", f"--boottime=-{age_s}", "--fork")
	if subprocess.run([*namespace, "true"], stderr=subprocess.DEVNULL).returncode:
		raise Skip("this user may not make time namespaces here")
	fresh_filters()
	targets = [spell(t) for name in ("nginx", "lossy", "closed", "silent") for t in HOSTS[name].twins]
	for plan in ("survey", "path"):
		run, capture = captured(*targets, "--plan", plan, "--retries", 1, "--report", "all",
			prefix=namespace)
		if plan == "survey":
			check_rows(run, capture, "all")
		equal(len(by_target(run.rows)), len(targets), "rows")
		equal({row["verdict"] for row in run.rows if int(row["port"]) == HOSTS["nginx"].port},
			{"accepted"}, "verdicts of nginx")


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
	needs("-u")
	path = f"{WORK}/status.csv"
	tfomap("198.18.50.0/24", "-p", PLAIN, "-r", 200, "-u", path)
	with open(path, newline="") as f:
		rows = list(csv.reader(io.StringIO(f.read(), newline="")))
	assert len(rows) > 1, "no update in a scan of a second and more"
	equal({len(row) for row in rows}, {len(rows[0])}, "columns")


@case("end/metadata", fresh=True)
def the_metadata_agree_with_the_far_end():
	path = f"{WORK}/meta.json"
	fresh_filters()
	run, capture = captured(*(spell(t) for h in HOSTS.values() for t in h.twins), "-m", path,
		"--retries", 1, "--report", "all", "-e", 11, "--notes", "a note")
	check_rows(run, capture, "all")
	with open(path) as f:
		meta = json.load(f)
	flows = [flow for flows in capture.flows.values() for flow in flows]
	answers = [flow.answers[0].reply for flow in flows if flow.answers]
	retries = sum(len(f) - len({x.is_data for x in f}) for f in capture.flows.values())
	counters = meta["counters"]
	equal({kind: n for kind, n in counters["syns"].items() if n}, {"sent_request": sum(not f.is_data for f in flows),
		"sent_data": sum(f.is_data for f in flows)}, "SYNs by kind")
	equal(counters["sent"]["sent_retries"], retries, "retries")
	for reply in ("synack", "rst", "icmp"):
		equal(counters["replies"][reply + "s"], answers.count(reply), f"answers by {reply}")
	equal(counters["rows"]["rows"], len(run.rows), "rows")
	equal({k: n for k, n in meta["verdicts"].items() if n},
		collections.Counter(row["verdict"] for row in run.rows), "verdicts")
	equal(counters["losses"], dict.fromkeys(counters["losses"], 0), "losses")
	equal((meta["seed"], meta["notes"], meta["interface"], meta["exit_status"]),
		("11", "a note", "scan0", 0), "seed, notes, interface, exit status")
	equal(meta["targets"]["total"], len(run.rows), "targets")
	equal(set(meta["sources"]), {SCAN4, SCAN6}, "source addresses")


@case("end/metadata-interrupted")
def the_metadata_of_a_scan_cut_short():
	path = f"{WORK}/meta-cut.json"
	run, capture = _stopped(signal.SIGINT, QUICK + LONG + ["-m", path])
	with open(path) as f:
		meta = json.load(f)
	equal(meta["exit_status"], 4, "exit status")
	equal(meta["counters"]["syns"]["sent_request"], capture.syns, "SYNs")
	equal(meta["verdicts"]["no-cookie"], len(run.rows), "verdicts")
