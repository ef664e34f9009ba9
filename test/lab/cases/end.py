"""How a scan ends: exit status, message, and rows that stay sound."""

import collections
import contextlib
import csv
import fcntl
import io
import json
import os
import signal
import subprocess
import termios
import time

from harness import (HOSTS, QUICK, SCAN4, SCAN6, WORK, Capture, Skip, Tap, by_target, captured,
	case, check_rows, equal, finish, fresh_filters, interrupt, needs, read_rows, shell, spell,
	start, tfomap)
from .targets import PLAIN

FAST = HOSTS["listener"].port
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


@contextlib.contextmanager
def _small_disk(size):
	"""A folder on a disk of that size"""
	tiny = f"{WORK}/tiny"
	os.makedirs(tiny, exist_ok=True)
	shell(f"mount -t tmpfs -o size={size} tmpfs {tiny}")
	try:
		yield tiny
	finally:
		shell(f"umount {tiny}")


def _fill_disk(folder):
	with contextlib.suppress(OSError), open(f"{folder}/filler", "wb", buffering=0) as f:
		while f.write(b"x" * 4096):
			pass


def _metadata(path):
	with open(path) as f:
		return json.load(f)


@case("end/full-disk-metadata")
def a_full_disk_has_room_for_the_metadata():
	"""They say what became of the run, on the disk that its rows have filled"""
	with _small_disk("128k") as tiny:
		path, meta = f"{tiny}/rows", f"{tiny}/meta.json"
		run = tfomap("198.18.48.0/21", "-p", PLAIN, "-o", path, "-m", meta, expect=3)
		assert path in run.err and "space" in run.err, f"no reason is given: {run.err}"
		assert meta not in run.err, run.err
		with open(path, newline="") as f:
			rows = read_rows(f.read())
		found = _metadata(meta)
		equal((found["exit_reason"], found["exit_status"], found["sound"]), ("failure", 3, False),
			"exit reason and status, sound")
		counted, lost = found["counters"]["rows"]["rows"], found["counters"]["losses"]["rows_lost"]
		equal(counted, len(rows), "rows")
		assert lost, "no row is lost"
		equal(sorted(os.listdir(tiny)), ["meta.json", "rows"], "files")


@case("end/full-disk-start")
def a_disk_that_is_full_already():
	"""Nothing is sent, and what was there is there"""
	with _small_disk("64k") as tiny, Capture() as capture:
		path, meta = f"{tiny}/rows", f"{tiny}/meta.json"
		for name in (path, meta):
			with open(name, "w") as f:
				f.write("of a run before\n")
		_fill_disk(tiny)
		run = tfomap("198.18.48.0/30", "-p", PLAIN, "-o", path, "-m", meta, expect=1)
		assert meta in run.err and "space" in run.err, f"no reason is given: {run.err}"
		for name in (path, meta):
			with open(name) as f:
				equal(f.read(), "of a run before\n", name)
		equal(sorted(os.listdir(tiny)), ["filler", "meta.json", "rows"], "files")
	equal(capture.syns, 0, "SYNs")


@case("end/folder-of-others")
def metadata_where_only_a_privilege_may_write():
	"""Which is gone at the end: the file is written over"""
	folder = f"{WORK}/others"
	os.makedirs(folder)
	try:
		os.chown(folder, 65534, 65534)
	except OSError:
		raise Skip("there is one user only in this namespace")
	meta = f"{folder}/meta.json"
	tfomap("198.18.48.0/30", "-p", PLAIN, "-m", meta)
	equal(_metadata(meta)["exit_reason"], "complete", "exit reason")
	equal(os.listdir(folder), ["meta.json"], "files")


@case("end/killed")
def what_kill_leaves():
	"""The metadata say how to look at what there is, and nobody takes it for a whole scan"""
	path, meta = f"{WORK}/killed.rows", f"{WORK}/killed.json"
	with open(meta, "w") as f:
		f.write('{"exit_reason": "complete"}')  # of the run before
	tap = Tap()
	process = start(QUICK + LONG + ["-o", path, "-m", meta, "-e", 12])
	tap.wait_syns(100)
	process.kill()
	finish(process)
	found = _metadata(meta)
	equal((found["exit_reason"], found["exit_status"], found["seed"], len(found["key"])),
		("running", None, "12", 32), "exit reason and status, seed, length of the key")
	# Whose lock is gone with it, so that the next run has its files.
	tfomap("198.18.48.0/30", "-p", PLAIN, "-o", path, "-m", meta)
	equal(_metadata(meta)["exit_reason"], "complete", "exit reason")
	equal([name for name in os.listdir(WORK) if name.startswith(".killed")], [], "left files")


@case("end/one-run-a-file")
def two_runs_do_not_mix():
	files = {option: f"{WORK}/one{option}" for option in ("-o", "-m", "-u", "--save-pcap")}
	with Capture() as capture:
		tap = Tap()
		process = start(QUICK + LONG + [word for pair in files.items() for word in pair])
		tap.wait_syns(100)
		for option, path in files.items():
			run = tfomap("198.18.48.0/30", "-p", FAST, option, path, expect=1)
			assert path in run.err and "another" in run.err, f"no reason is given: {run.err}"
			equal(len(run.err.splitlines()), 1, "messages: " + run.err)
		interrupt(process)
		run = finish(process)
	equal(run.status, 4, "exit status: " + run.err)
	with open(files["-o"], newline="") as f:
		run.rows = read_rows(f.read())
	check_rows(run, capture)
	equal({flow_target[1] for flow_target in capture.flows}, {int(PLAIN)}, "ports asked")
	equal(_metadata(files["-m"])["counters"]["rows"]["rows"], len(run.rows), "rows")


@case("end/shared-cookie-file")
def two_runs_may_add_to_one_cookie_file():
	path = f"{WORK}/shared.cookies"
	runs = [start(QUICK + [f"198.18.{net}.0/21", "-p", FAST, "-o", f"{WORK}/shared.{net}",
		"--cookie-file", path]) for net in (40, 48)]
	for run in map(finish, runs):
		equal(run.status, 0, "exit status: " + run.err)
	with open(path) as f:
		lines = [line.rstrip("\n").split(",") for line in f]
	equal({len(line) for line in lines}, {6}, "columns")
	# Two that begin at one time may both write the header.
	equal(len({line[1] for line in lines if line[0] != "source_ip"}), 2 * 2048, "servers")
	assert lines[0][0] == "source_ip", lines[0]


@case("end/modes")
def what_holds_the_key_or_cookies_is_the_users_alone():
	secret = {option: f"{WORK}/secret{option}" for option in ("-m", "--save-pcap", "--cookie-file")}
	words = [word for pair in secret.items() for word in pair]
	mask = os.umask(0)
	try:
		for want in (0o600, 0o640):
			tfomap("198.18.48.0/30", "-p", FAST, "-o", f"{WORK}/open.rows", *words)
			for option, path in secret.items():
				# Metadata are replaced, and for nobody else then.
				mode = 0o600 if option == "-m" else want
				equal(oct(os.stat(path).st_mode & 0o777), oct(mode), path)
				os.chmod(path, 0o640)
	finally:
		os.umask(mask)


# ---- a terminal that goes away ----

def _on_terminal(args, before_exec=lambda: None):
	"""It leads a session on a terminal of its own: (process, the terminal's other end)"""
	other, own = os.openpty()

	def session():
		os.setsid()
		fcntl.ioctl(own, termios.TIOCSCTTY, 0)
		before_exec()
	process = start(args, stdin=own, stdout=own, stderr=own, preexec_fn=session)
	os.close(own)
	return process, other


def _hung_up(args, before=lambda terminal: None):
	path, meta = f"{WORK}/hangup.rows", f"{WORK}/hangup.json"
	with Capture() as capture:
		tap = Tap()
		process, other = _on_terminal(args + ["-o", path, "-m", meta])
		before(other)
		tap.wait_syns(100)
		os.close(other)
		run = finish(process)
	equal(run.status, 4, "exit status")
	assert 100 <= capture.syns < 65536, f"{capture.syns} SYNs"
	with open(path, newline="") as f:
		run.rows = read_rows(f.read())
	check_rows(run, capture)
	found = _metadata(meta)
	equal((found["exit_reason"], found["exit_status"]), ("signal", 4), "exit reason and status")
	equal(found["counters"]["syns"]["sent_request"], capture.syns, "SYNs")


@case("end/hangup")
def a_terminal_that_goes_away():
	_hung_up(QUICK + LONG)


@case("end/hangup-stopped")
def a_stopped_terminal_that_goes_away():
	"""Its messages wait, and nobody will ever read them"""
	_hung_up(QUICK + LONG, lambda terminal: termios.tcflow(terminal, termios.TCIOFF))


@case("end/hangup-often")
def sent_more_than_once():
	"""By the kernel and by the shell: that does not mean to leave at once"""
	with Capture() as capture:
		tap = Tap()
		process = start(QUICK + LONG)
		tap.wait_syns(100)
		for _ in range(3):
			interrupt(process, signal.SIGHUP)
		run = finish(process)
	equal(run.status, 4, "exit status: " + run.err)
	check_rows(run, capture)


@case("end/hangup-ignored")
def nohup():
	ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
	tap = Tap()
	process = start(QUICK + ["198.18.48.0/24", "-p", PLAIN, "-r", 500], preexec_fn=ignore)
	tap.wait_syns(10)
	interrupt(process, signal.SIGHUP)
	run = finish(process)
	equal(run.status, 0, "exit status: " + run.err)
	equal(len(by_target(run.rows)), 256, "rows")


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
