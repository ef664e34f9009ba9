"""A run that is killed, crashes, or loses its disk goes on by the same command: every target has
one row, and none is asked again that has one."""

import json
import os
import random
import shutil
import signal
import subprocess

from harness import (HOSTS, LAB, QUICK, Tap, case, equal, finish, host, interrupt, needs, read_rows, shell,
	start, tfomap, truth)
from truth import wait_for
from .engines import _napi, _need_xdp
from .privileges import NOBODY, need_nobody
from .targets import PLAIN

OPEN, SILENT, CLOSED = (HOSTS[name].port for name in ("listener", "silent", "closed"))
DROPPED = 70  # a port that no server has
TIMEOUT_S = 1  # of QUICK
RATE = 3000
LIMIT_S = 3  # a checkpoint's second, the time-out, and what a busy machine adds


class Files:
	"""A folder of a run's own."""

	def __init__(self, name, form="csv"):
		self.folder = f"{truth.WORK}/resume-{name}"
		shutil.rmtree(self.folder, ignore_errors=True)
		os.makedirs(self.folder)
		self.rows, self.checkpoint, self.metadata = (f"{self.folder}/{n}" for n in (
			f"rows.{form}", "checkpoint", "metadata"))
		self.args = ["-o", self.rows, "-O", form, "--checkpoint", self.checkpoint, "-m",
			self.metadata]

	def read_rows(self):
		with open(self.rows, newline="") as f:
			return read_rows(f.read())

	def read(self, path):
		with open(path) as f:
			return json.load(f)


def _kill_at(args, syns):
	"""Starts it, and kills it when so many of its SYNs were seen. Whether it was still there"""
	tap = Tap()
	process = start(args)
	tap.wait_syns(syns)
	process.kill()
	return finish(process).status == -9


def _until_complete(files, args, kills, rng, targets):
	"""Kills it again and again, while there is enough left to do, and lets it end then"""
	for _ in range(kills):
		assert _kill_at(args, rng.randrange(1, targets // (2 * kills))), "it has ended before"
		# What is there is whole rows, but for the last.
		if os.path.exists(files.rows):
			with open(files.rows) as f:
				assert f.read().count("\0") == 0, "the rows have a hole"
	finish_complete(args)


def finish_complete(args):
	run = finish(start(args))
	equal(run.status, 0, "exit status: " + run.err)
	return run


def check_complete(files, targets, verdicts):
	rows, metadata = files.read_rows(), files.read(files.metadata)
	named = [(row["ip"], row["port"]) for row in rows]
	equal(len(named), len(set(named)), "rows, and targets that have one")
	equal(len(named), targets, f"targets with a row ({metadata['verdicts']})")
	others = [row for row in rows if row["verdict"] not in verdicts]
	assert not others, f"{len(others)} rows of other verdicts: {others[:3]}"
	state = files.read(files.checkpoint)
	equal(metadata["exit_reason"], "complete", "exit reason")
	equal(state["complete"], True, "complete, says the checkpoint")
	equal(metadata["counters"]["rows"]["rows"], targets, "rows, says the metadata")
	equal(sum(metadata["verdicts"].values()), targets, "verdicts, says the metadata")
	equal(len(metadata["runs"]), len(state["runs"]), "parts, says the metadata")
	assert os.path.getsize(files.checkpoint) < 64 * 1024, "a checkpoint is small"
	for path in (files.checkpoint, files.metadata):
		equal(oct(os.stat(path).st_mode & 0o777), "0o600", f"mode of {path}")


def on_xdp(check):
	"""The case, with a cable that takes frames by XDP"""
	def check_xdp():
		_napi(True)
		try:
			_need_xdp()
			check()
		finally:
			_napi(False)
	return check_xdp


def _killed(name, args, targets, verdicts, kills=5, form="csv", per_target=1, with_xdp=False):
	def check():
		needs("--checkpoint")
		rng = random.Random(name)
		files = Files(name, form)
		full = [*QUICK, *args, "-r", RATE, *files.args]
		before = truth.syn_counters()
		_until_complete(files, full, kills, rng, targets)
		check_complete(files, targets, verdicts)
		syns, cookies = (now - then for now, then in zip(truth.syn_counters(), before))
		again = kills * RATE * LIMIT_S
		assert syns <= targets * per_target + again, f"{syns} SYNs, {kills} kills"
		assert cookies <= targets + again, f"{cookies} with a cookie, {kills} kills"
		equal(finish_complete(full).out, "", "what a complete run writes")
		run = finish(start([*full, "198.18.1.1"]))
		equal(run.status, 1, "exit status with other targets")
		assert "targets" in run.err, run.err

	case(f"resume/killed-{name}")(on_xdp(check) if with_xdp else check)


_killed("sweep", ["198.18.64.0/20", "-p", OPEN], 4096, {"accepted"}, per_target=2)
_killed("plain", ["198.18.64.0/19", "-p", PLAIN, "--retries", 0, "-T", 2], 8192, {"no-cookie"})
_killed("silent", ["198.18.64.0/21", host("silent"), "-p", f"{OPEN},{SILENT}", "--report", "all",
	"--retries", 1], 4097, {"accepted", "closed", "offline"}, per_target=3, form="ndjson")
_killed("path", ["198.18.64.0/21", "-p", OPEN, "--plan", "path", "--confirm", 0, "--tx",
	"libnet"], 2048, {"accepted"}, per_target=4)
_killed("shard", ["198.18.64.0/19", "-p", PLAIN, "-n", 6000, "--shards", 2, "--shard", 1,
	"--seed", 7], 3000, {"no-cookie"})
_killed("xdp", ["198.18.64.0/19", "-p", PLAIN, "--tx", "xdp", "--rx", "xdp"], 8192, {"no-cookie"},
	with_xdp=True)
_killed("tc", ["198.18.64.0/19", "-p", PLAIN, "--tx", "tc"], 8192, {"no-cookie"}, with_xdp=True)


@case("resume/killed-list")
def a_list_with_its_cookies_and_packets():
	"""What has a row has its cookie and its packets; the capture is read as one"""
	needs("--checkpoint")
	files = Files("list")
	targets, cookies, packets = (f"{files.folder}/{n}" for n in ("list", "cookies", "packets"))
	with open(targets, "w") as f:
		f.writelines(f"198.18.{64 + n // 250}.{n % 250},{OPEN},n{n}.lab.test\n" for n in range(2000))
	args = [*QUICK, "-I", targets, "-r", RATE, "--cookie-file", cookies, "--save-pcap", packets,
		*files.args]
	_until_complete(files, args, 4, random.Random("list"), 2000)
	check_complete(files, 2000, {"accepted"})
	with open(cookies) as f:
		known = {line.split(",")[1] for line in f}
	rows = files.read_rows()
	equal({row["ip"] for row in rows} - known, set(), "targets with a row and without a cookie")
	equal({row["domain"] for row in rows}, {f"n{n}.lab.test" for n in range(2000)}, "names")
	seen = subprocess.run(["tshark", "-r", packets, "-Y", "tcp.flags.syn==1 && tcp.flags.ack==1",
		"-T", "fields", "-e", "ip.src"], check=True, capture_output=True, text=True).stdout
	equal({row["ip"] for row in rows} - set(seen.split()), set(), "targets without a packet")
	# The parts have other source ports, and one key.
	metadata = files.read(files.metadata)
	read = tfomap("--rx", f"pcap:{packets}", "--key", metadata["key"], "--seed", metadata["seed"],
		"-I", targets, "-O", "csv")
	equal({row["ip"] for row in read.rows}, {row["ip"] for row in rows}, "targets of the capture")
	# Who was under way at a kill is there twice: the first answer stands for both.
	assert {row["verdict"] for row in read.rows} <= {"accepted", "cookie-only"}, read.out


@case("resume/killed-replies")
def each_target_has_a_row_and_some_have_the_rest():
	"""A target that has a row gets no more probes, so its later replies may be missing"""
	needs("--checkpoint")
	files = Files("replies")
	args = [*QUICK, "198.18.64.0/21", "-p", OPEN, "-r", RATE, "--rows", "reply", *files.args]
	_until_complete(files, args, 4, random.Random("replies"), 2048)
	rows = files.read_rows()
	equal(len({row["ip"] for row in rows}), 2048, "targets")
	named = [(row["ip"], row["probe"], row["attempt"], row["repeat"]) for row in rows]
	equal(len(named), len(set(named)), "rows, and probes that have one")
	metadata = files.read(files.metadata)
	equal(metadata["counters"]["rows"]["rows"], len(rows), "rows, says the metadata")
	equal(metadata["exit_reason"], "complete", "exit reason")


def _terminated(form):
	def check():
		"""What was ended in order asks nobody again"""
		needs("--checkpoint")
		files = Files(f"terminated-{form}", form)
		args = [*QUICK, "198.18.64.0/20", "-p", PLAIN, "-r", RATE, *files.args]
		before = truth.syn_counters()[0]
		tap = Tap()
		process = start(args)
		tap.wait_syns(300)
		interrupt(process)
		equal(finish(process).status, 4, "exit status")
		equal(files.read(files.metadata)["exit_reason"], "signal", "exit reason")
		finish_complete(args)
		check_complete(files, 4096, {"no-cookie"})
		equal(truth.syn_counters()[0] - before, 4096, "SYNs")
		equal([part["exit_reason"] for part in files.read(files.metadata)["runs"]],
			["signal", "complete"], "parts")
	case(f"resume/terminated-{form}")(check)


_terminated("csv")
_terminated("ndjson")


def _ended_in_order(name, args, counter=0, done=True, quick=QUICK, with_xdp=False):
	"""Parts that end by -t and by signals, of 4096 targets, none with a row: who is done with is
	asked again by none of them"""
	def check():
		needs("--checkpoint")
		files = Files(f"ended-{name}")
		full = [*quick, "198.18.64.0/20", *args, "-r", 1000, *files.args]
		if DROPPED in args:
			shell(f"in_net nft insert rule inet lab filter tcp dport {DROPPED} drop")
		before = truth.syn_counters()[counter]
		for number in (None, signal.SIGTERM, signal.SIGINT):
			tap = Tap()
			process = start(full if number else [*full, "-t", 1])
			tap.wait_syns(200)
			if number:
				interrupt(process, number)
			run = finish(process)
			equal(run.status, 4, "exit status: " + run.err)
		finish_complete(full)
		equal(truth.syn_counters()[counter] - before, 4096, "SYNs")
		metadata = files.read(files.metadata)
		counters = metadata["counters"]["rows"]
		equal(counters["targets_done"], 4096 if done else 0, "targets that are done")
		equal(sum(metadata["verdicts"].values()), 4096 if done else 0, "verdicts")
		equal(counters["rows_filtered"], 4096 if "--output-filter" in args else 0, "rows left out")
		equal(len(files.read_rows()), 0, "rows")
		equal([part["exit_reason"] for part in metadata["runs"]],
			["max-runtime", "signal", "signal", "complete"], "parts")
	case(f"resume/ended-{name}")(on_xdp(check) if with_xdp else check)


# A SYN/ACK may follow a RST for a second; what is silent is so after its time-out.
LINGERING = ["--no-default-blocklist", "-c", "2", "--timeout", "2"]
PATIENT = ["--no-default-blocklist", "-c", "3", "--timeout", "1"]
_ended_in_order("filtered", ["-p", PLAIN, "--output-filter", "verdict = accepted"])
_ended_in_order("filtered-threads", ["-p", PLAIN, "--output-filter", "verdict = accepted", "-T", 2])
_ended_in_order("filtered-xdp", ["-p", PLAIN, "--output-filter", "verdict = accepted", "--tx", "xdp",
	"--rx", "xdp"], with_xdp=True)
_ended_in_order("filtered-tc", ["-p", PLAIN, "--output-filter", "verdict = accepted", "--tx", "tc"],
	with_xdp=True)
_ended_in_order("data-filtered", ["-p", OPEN, "--output-filter", "verdict = no-cookie"], 1)
_ended_in_order("refused", ["-p", CLOSED, "--report", "synack"], quick=LINGERING)
_ended_in_order("silent", ["-p", DROPPED, "--retries", 0], done=False, quick=PATIENT)


@case("resume/killed-filtered")
def what_the_checkpoint_names_is_done():
	"""The parts before a kill cost what they had sent since their last checkpoint, and no more"""
	needs("--checkpoint")
	files = Files("killed-filtered")
	args = [*QUICK, "198.18.64.0/20", "-p", PLAIN, "-r", 1000, "--output-filter",
		"verdict = accepted", *files.args]
	before, done = truth.syn_counters()[0], 0

	def is_further():
		return os.path.exists(files.checkpoint) and os.path.getsize(files.checkpoint) \
			and files.read(files.checkpoint)["counters"]["targets_done"] > done
	for _ in range(2):
		process = start(args)
		wait_for(is_further, "a checkpoint that is further")
		process.kill()
		equal(finish(process).status, -9, "exit status")
		done = files.read(files.checkpoint)["counters"]["targets_done"]
	sent = truth.syn_counters()[0]
	finish_complete(args)
	# Whose answer came before the send thread had counted its SYN is done once more, and counted.
	again = truth.syn_counters()[0] - sent - (4096 - done)
	assert 0 <= again < 16, f"{again} targets are done once more"
	assert sent - before < 4096, "it had nothing left to do"
	counters = files.read(files.metadata)["counters"]["rows"]
	assert 0 <= counters["targets_done"] - 4096 < 32, f"targets that are done: {counters}"
	equal(counters["rows_filtered"], counters["targets_done"], "rows left out")


@case("resume/terminated-cookies")
def data_that_a_stop_kept_back_is_sent_later():
	"""A cookie without its data is no row where the run may go on"""
	needs("--checkpoint")
	files = Files("terminated-cookies")
	args = [*QUICK, "198.18.64.0/20", "-p", OPEN, "-r", RATE, *files.args]
	for _ in range(3):
		tap = Tap()
		process = start(args)
		tap.wait_syns(300)
		interrupt(process)
		equal(finish(process).status, 4, "exit status")
	equal({row["verdict"] for row in files.read_rows()}, {"accepted"}, "verdicts after the stops")
	finish_complete(args)
	check_complete(files, 4096, {"accepted"})


@case("resume/max-results")
def so_many_rows_in_all_parts():
	needs("--checkpoint")
	files = Files("max")
	args = [*QUICK, "198.18.64.0/20", "-p", PLAIN, "-r", RATE, *files.args]
	assert _kill_at([*args, "-N", 2000], 1000), "it ended before"
	equal(finish(start([*args, "-N", 2000])).status, 4, "exit status")
	equal(len(files.read_rows()), 2000, "rows")
	equal(finish(start([*args, "-N", 2000])).status, 0, "exit status once there are so many")
	finish_complete(args)
	check_complete(files, 4096, {"no-cookie"})


@case("resume/cookies-full")
def no_row_without_its_cookie():
	needs("--checkpoint")
	tiny = f"{truth.WORK}/tiny-cookies"
	os.makedirs(tiny, exist_ok=True)
	shell(f"mount -t tmpfs -o size=16k tmpfs {tiny}")
	try:
		files = Files("cookies-full")
		args = [*QUICK, "198.18.64.0/22", "-p", OPEN, "-r", RATE, "--retries", 2, "--cookie-file",
			f"{tiny}/cookies", *files.args]
		run = finish(start(args))
		equal(run.status, 3, "exit status: " + run.err)
		shell(f"mount -o remount,size=8m {tiny}")
		finish_complete(args)
		check_complete(files, 1024, {"accepted"})
		with open(f"{tiny}/cookies") as f:
			known = {line.split(",")[1] for line in f}
		equal({row["ip"] for row in files.read_rows()} - known, set(), "rows without a cookie")
	finally:
		shell(f"umount {tiny}")


@case("resume/not-begun")
def a_start_that_is_refused_costs_no_rows():
	needs("--checkpoint")
	files = Files("not-begun")
	with open(files.rows, "w") as f:
		f.write("rows of another run")
	for name, more, says in (("theirs", [], "--user"), ("full", [], "free some space"),
			("roots", ["--user", "nobody"], "nobody"), ("fifo", [], "no regular file")):
		place = f"{files.folder}/{name}"
		if name == "fifo":
			os.mkfifo(place)
		else:
			os.mkdir(place)
		if name == "theirs":
			need_nobody()
			os.chown(place, NOBODY, -1)
		if name == "full":
			shell(f"mount -t tmpfs -o size=4k tmpfs {place}; head -c 9999 /dev/zero >{place}/x || :")
		path = place if name == "fifo" else f"{place}/state"
		args = [path if arg == files.checkpoint else arg for arg in files.args]
		run = finish(start([*QUICK, "198.18.64.0/28", *more, *args]))
		if name == "full":
			shell(f"umount {place}")
		equal(run.status, 3 if name == "full" else 1, f"exit status, {name}: {run.err}")
		assert says in run.err, f"{name}: {run.err}"
		with open(files.rows) as f:
			equal(f.read(), "rows of another run", f"rows, {name}")


@case("resume/source-ports")
def too_few_ports_for_many_parts():
	needs("--checkpoint")
	files = Files("ports")
	run = finish(start([*QUICK, "198.18.64.0/28", "-s", "20000-20011", *files.args]))
	equal(run.status, 1, "exit status")
	assert "--source-port" in run.err, run.err


@case("resume/full-disk")
def free_some_and_run_again():
	needs("--checkpoint")
	tiny = f"{truth.WORK}/tiny-resume"
	os.makedirs(tiny, exist_ok=True)
	shell(f"mount -t tmpfs -o size=200k tmpfs {tiny}")
	try:
		files = Files("full")
		files.args = [arg.replace(files.folder, tiny) for arg in files.args]
		files.rows, files.checkpoint, files.metadata = (path.replace(files.folder, tiny)
			for path in (files.rows, files.checkpoint, files.metadata))
		args = [*QUICK, "198.18.64.0/21", "-p", PLAIN, "-r", RATE, *files.args]
		run = finish(start(args))
		equal(run.status, 3, "exit status: " + run.err)
		assert "space" in run.err, run.err
		shell(f"mount -o remount,size=8m {tiny}")
		finish_complete(args)
		check_complete(files, 2048, {"no-cookie"})
	finally:
		shell(f"umount {tiny}")


@case("resume/crash-points")
def between_any_two_steps_to_the_disk():
	"""At each call that a checkpoint consists of, with the page cache lost and kept"""
	needs("--checkpoint")
	library = f"{truth.WORK}/crash.so"
	subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, f"{LAB}/crash.c", "-lpthread"],
		check=True)
	rng = random.Random("crash-points")
	for call in ("write", "fdatasync", "fsync", "linkat", "renameat"):
		for after in ("", "+"):
			files = Files("crash")
			args = [*QUICK, "198.18.64.0/22", "-p", PLAIN, "-r", 1000, "--retries", 2,
				*files.args]
			prefix = ["env", f"LD_PRELOAD={library}", f"CRASH={call}{after}:{rng.randrange(2, 4)}"]
			for power in ([], ["CRASH_POWER=1"]):
				process = start(args, [*prefix, *power])
				status = finish(process).status
				equal(status, -9, f"exit status, {call}{after}")
			finish_complete(args)
			check_complete(files, 1024, {"no-cookie"})


@case("resume/refused")
def what_is_not_that_run_goes_on_with_nothing():
	needs("--checkpoint")
	files = Files("refused")
	args = [*QUICK, "198.18.64.0/22", "-p", PLAIN, "-r", RATE, *files.args]
	assert _kill_at(args, 100), "it ended before"
	with open(files.checkpoint) as f:
		kept = f.read()
	with open(files.rows) as f:
		rows = f.read()
	for other, says in ((["--retries", 3], "--retries"), (["198.18.80.1"], "targets"),
			(["-f", "ip,verdict"], "port"), (["--seed", 5], "--seed"),
			(["-o", f"{files.folder}/else"], "--output-file")):
		replaced = [a for a in args if "-o" not in other or a not in ("-o", files.rows)]
		run = tfomap(*replaced, *other, quick=False, expect=1)
		assert says in run.err, f"{says}: {run.err}"
	with open(files.rows, "a") as f:
		f.write("198.18.80.1,9,nobody asked for this one\n")
	for path, text in ((files.rows, rows[:9]), (files.checkpoint, kept[:99]),
			(files.checkpoint, "{}")):
		with open(path) as f:
			sound = f.read()
		with open(path, "w") as f:
			f.write(text)
		run = tfomap(*args, quick=False, expect=1)
		assert files.checkpoint in run.err, run.err
		with open(path, "w") as f:
			f.write(sound)


@case("resume/user")
def a_run_of_another_users():
	"""The checkpoint is that user's, in a folder that may be anyone's"""
	needs("--checkpoint")
	need_nobody()
	files = Files("user")
	os.chmod(files.folder, 0o1777)
	args = [*QUICK, "198.18.64.0/22", "-p", PLAIN, "-r", 1000, "--user", "nobody", *files.args]
	assert _kill_at(args, 200), "it ended before"
	equal(os.stat(files.checkpoint).st_uid, NOBODY, "whose file the checkpoint is")
	finish_complete(args)
	check_complete(files, 1024, {"no-cookie"})
	os.chmod(files.folder, 0o755)
	other = [f"{files.folder}/other" if arg == files.checkpoint else arg for arg in args]
	run = tfomap(*other, quick=False, expect=1)
	assert "Permission denied" in run.err, run.err


@case("resume/locked")
def two_at_once():
	needs("--checkpoint")
	files = Files("locked")
	args = [*QUICK, "198.18.64.0/20", "-p", PLAIN, "-r", 1000, *files.args]
	tap = Tap()
	process = start(args)
	tap.wait_syns(50)
	run = tfomap(*args, quick=False, expect=1)
	assert "another tfomap" in run.err, run.err
	equal(finish(process).status, 0, "exit status")
	check_complete(files, 4096, {"no-cookie"})
