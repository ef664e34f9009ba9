"""Shards that other programs run, by the files of conf/fleet and the lines of the manual: whatever
happens to a shard, all of them together have the rows of one run."""

import configparser
import copy
import csv
import glob
import json
import os
import re
import shlex
import shutil
import signal
import subprocess

import slurm
from harness import (HOSTS, LAB, QUICK, Skip, TFOMAP, WORK, case, equal, finish, start, wait_for,
	write)
from manual import example
from .privileges import NOBODY, need_nobody

ROOT = os.path.join(LAB, "../..")
FLEET = f"{ROOT}/conf/fleet"
REPORT = os.path.join(os.path.dirname(TFOMAP), "tfomap-report")
OPEN = HOSTS["listener"].port
SHARDS = 4
TARGETS = ["198.18.80.0/22", "-p", OPEN]
N_TARGETS = 1024
SEED = 2026
RATE = 300  # of all shards together: some seconds, so that there is something left to kill
LIFE_S = 80


def _folder(name):
	path = f"{WORK}/fleet-{name}"
	shutil.rmtree(path, ignore_errors=True)
	os.makedirs(path)
	return path


def _rows(path):
	with open(path, newline="") as f:
		return list(csv.DictReader(f))


def _named(rows):
	"""What two runs over the same targets have to agree in"""
	return {(row["ip"], row["port"], row["verdict"], row["cookie"]) for row in rows}


def _one_run():
	"""The rows of the same scan in one piece, with the same seed"""
	folder = _folder("one")
	run = finish(start([*QUICK, *TARGETS, "--seed", SEED, "-o", f"{folder}/rows.csv"]))
	equal(run.status, 0, "exit status of one run: " + run.err)
	return _named(_rows(f"{folder}/rows.csv"))


def check_union(folder, parts=None):
	"""The shards' files together are one run's; parts: how many each shard was run in, at least"""
	merge = re.sub(r"^tfomap-report", REPORT, example("tfomap-report --merge")[0])
	subprocess.run(["bash", "-euc", merge], cwd=folder, check=True, stdout=subprocess.DEVNULL)
	together = _rows(f"{folder}/rows.csv")
	equal(len(together), N_TARGETS, "rows of all shards")
	differ = _named(together) ^ _one_run()
	assert not differ, f"{len(differ)} rows, of the shards or of one run: {sorted(differ)[:4]}"
	told = [json.load(open(path)) for path in sorted(glob.glob(f"{folder}/rows-*.meta.json"))]
	equal([one["exit_reason"] for one in told], ["complete"] * SHARDS, "exit reasons")
	equal({one["seed"] for one in told}, {str(SEED)}, "seeds")
	for shard, n in (parts or {}).items():
		assert len(told[shard]["runs"]) >= n, f"shard {shard} was run in one piece: it was not stopped"


def _process(needle):
	"""The tfomap that has this word on its command line, as there is one in this process namespace"""
	for path in glob.glob("/proc/[0-9]*/cmdline"):
		try:
			with open(path) as f:
				words = f.read().split("\0")
		except (FileNotFoundError, ProcessLookupError):
			continue
		if words[0] == TFOMAP and needle in words:
			return int(path.split("/")[2])
	return None


def _lines(path):
	try:
		with open(path) as f:
			return len(f.readlines())
	except FileNotFoundError:
		return 0


def _under_way(folder, shard, rows="rows-{}.csv", state="state-{}", word=None):
	"""Its process, once it has rows and a checkpoint; word: what it has on its command line, where
	that is not the whole path of the checkpoint"""
	rows, state = (f"{folder}/{name.format(shard)}" for name in (rows, state))
	wait_for(lambda: _lines(rows) > 20 and os.path.exists(state), f"rows of shard {shard}", LIFE_S)
	pid = _process(word or state)
	assert pid, f"shard {shard} has ended before"
	return pid


# ---- Slurm ----

def _submit(folder, *args, **env):
	env = {"SEED": str(SEED), "RATE": str(RATE), "DIR": folder, "TFOMAP": TFOMAP} | env
	return slurm.command("sbatch", "--parsable", "-o", f"{folder}/log-%a", f"{FLEET}/tfomap.sbatch",
		*QUICK, *TARGETS, *args, env=env).strip()


def _until(job, shard, wanted, folder):
	def there():
		state = slurm.state(job, shard)["JobState"]
		assert state in (wanted, "PENDING", "RUNNING", "COMPLETING", "REQUEUED"), \
			f"shard {shard} is {state}: {_log(folder, shard)}"
		return state == wanted
	wait_for(there, f"shard {shard} to be {wanted}", LIFE_S)


def _log(folder, shard):
	try:
		with open(f"{folder}/log-{shard}") as f:
			return f.read()[-2000:]
	except FileNotFoundError:
		return ""


@case("fleet/slurm")
def an_array_of_which_three_shards_are_stopped():
	"""One is killed, one is queued again by hand as Slurm does after a node has failed, of one the
	time is up; each goes on by its checkpoint"""
	folder = _folder("slurm")
	with slurm.cluster():
		job = _submit(folder)
		os.kill(_under_way(folder, 0), signal.SIGKILL)
		_under_way(folder, 1)
		slurm.command("scontrol", "requeue", f"{job}_1")
		_under_way(folder, 2)
		slurm.command("scancel", "-b", "-s", "USR1", f"{job}_2")
		for shard in range(SHARDS):
			_until(job, shard, "COMPLETED", folder)
		equal([slurm.state(job, shard)["Restarts"] for shard in range(SHARDS)], ["1", "1", "1", "0"],
			"starts after the first")
	check_union(folder, parts={0: 2, 1: 2, 2: 2})
	told = [json.load(open(f"{folder}/rows-{shard}.meta.json")) for shard in range(SHARDS)]
	equal([one["runs"][0]["exit_reason"] for one in (told[0], told[2])], ["killed", "signal"],
		"how the first parts ended")


STANDS_IN = """#!/usr/bin/env python3
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("ready", flush=True)
signal.sigwait([signal.SIGTERM])
print("told", flush=True)
while signal.sigtimedwait([signal.SIGTERM], 2):
	print("told", flush=True)
sys.exit(4)
"""


@case("fleet/slurm-signals")
def a_scan_is_told_once_to_stop():
	"""Twice is at once, without waiting for answers. What was cancelled is not queued again; what had
	no time left is"""
	folder = _folder("slurm-signals")
	program = write("fleet-stands-in", STANDS_IN)
	os.chmod(program, 0o755)
	with slurm.cluster():
		job = _submit(folder, TFOMAP=program)
		for shard in (0, 1):
			wait_for(lambda: "ready\n" in _log(folder, shard), f"shard {shard}", LIFE_S)
		slurm.command("scancel", f"{job}_0")
		slurm.command("scancel", "-b", "-s", "USR1", f"{job}_1")
		wait_for(lambda: _log(folder, 1).count("ready\n") == 2, "shard 1 to start again", LIFE_S)
		equal(slurm.state(job, 0)["JobState"], "CANCELLED", "what was cancelled")
		equal([_log(folder, shard).count("told\n") for shard in (0, 1)], [1, 1], "told to stop")


# ---- GNU parallel ----

@case("fleet/parallel")
def the_manuals_line_of_which_two_shards_are_killed():
	"""On this machine alone, and the union as the manual makes it"""
	if not shutil.which("parallel"):
		raise Skip("no parallel here (make deps)")
	folder = _folder("parallel")
	_prefixes(f"{folder}/prefixes", f"{folder}/blocklist")
	path = write("fleet-tfomap", f"#!/bin/sh\nexec {TFOMAP} {shlex.join(map(str, QUICK))} -p {OPEN} "
		'"$@"\n')
	os.chmod(path, 0o755)
	line = "\n".join(example("parallel -j"))
	for ours, theirs in (("-j 4", "-j 1 -S one,two,three,four"), (f"--wd {folder}", "--wd /srv/scan"),
			(f"-r {RATE // SHARDS}", "-r 2500"), (path, "tfomap")):
		assert theirs in line, f"the manual's line lacks {theirs!r}: {line}"
		line = line.replace(theirs, ours, 1)
	with open(f"{folder}/log", "w") as log:
		process = subprocess.Popen(["ip", "netns", "exec", "scan", "bash", "-euc", line], cwd=folder,
			stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | {"HOME": folder})
		try:
			for shard in (1, 3):
				os.kill(_under_way(folder, shard, word=f"state-{shard}"), signal.SIGKILL)
			status = process.wait(LIFE_S)
		finally:
			process.kill()
	equal(status, 0, "exit status: " + open(f"{folder}/log").read()[-2000:])
	check_union(folder, parts={1: 2, 3: 2})


def _prefixes(prefixes, blocklist):
	for path, text in ((prefixes, f"{TARGETS[0]}\n"), (blocklist, "198.18.79.0/24\n")):
		with open(path, "w") as f:
			f.write(text)


# ---- Kubernetes ----

def _documents():
	try:
		import yaml
	except ImportError:
		raise Skip("no yaml module for this python3 (make deps)")
	with open(f"{FLEET}/job.yaml") as f:
		return {one["kind"]: one for one in yaml.safe_load_all(f)}


def _limited(capabilities, *more):
	"""What has these capabilities and gets no others"""
	names = [name.lower().removeprefix("cap_") for name in capabilities]
	return ["setpriv", "--no-new-privs", "--bounding-set", ",".join(["-all", *("+" + n for n in names)]),
		*more]


def _pod(job, folder, shard):
	"""A pod's one process, as the Job's template has it"""
	container, = job["spec"]["template"]["spec"]["containers"]
	equal([one["name"] for one in container["env"]], ["SHARD"], "environment")
	args = [arg.replace("$(SHARD)", str(shard)) for arg in container["args"]]
	for mount in container["volumeMounts"]:
		args = [arg.replace(f"={mount['mountPath']}/", f"={folder}/") for arg in args]
	for n, arg in enumerate(args):
		name = arg.split("=")[0]
		args[n] = {"--rate": f"--rate={RATE // SHARDS}", "--target-ports": f"--target-ports={OPEN}"}.get(
			name, arg)
	security = container["securityContext"]
	equal(security["capabilities"]["drop"], ["ALL"], "capabilities that are dropped")
	return start([*QUICK, *args], _limited(security["capabilities"]["add"]))


def _action(job, status):
	"""What becomes of the Job, or its pod, when the container ends so: the first rule that fits"""
	for rule in job["spec"]["podFailurePolicy"]["rules"]:
		if status in rule.get("onExitCodes", {}).get("values", ()):
			return rule["action"]
	return "Count"


@case("fleet/job")
def the_pods_of_the_job_of_which_two_are_stopped():
	"""With the arguments and capabilities of the Job, but no Kubernetes; what ends early is started
	again where its policy says so"""
	job, folder = _documents()["Job"], _folder("job")
	equal([job["spec"][key] for key in ("completions", "parallelism")], [SHARDS] * 2, "shards")
	assert f"--shards={SHARDS}" in job["spec"]["template"]["spec"]["containers"][0]["args"]
	_prefixes(f"{folder}/prefixes", f"{folder}/blocklist")
	pods = [_pod(job, folder, shard) for shard in range(SHARDS)]
	for shard, number, status, action in ((0, signal.SIGTERM, 4, "Ignore"),
			(1, signal.SIGKILL, 137, "Count")):
		os.kill(_under_way(folder, shard, word=f"--checkpoint={folder}/state-{shard}"),
			number)
		run = finish(pods[shard])
		equal(run.status % 256 if run.status >= 0 else 128 - run.status, status, "status: " + run.err)
		equal(_action(job, status), action, f"what follows from {status}")
		pods[shard] = _pod(job, folder, shard)
	for shard, pod in enumerate(pods):
		run = finish(pod)
		equal(run.status, 0, f"exit status of shard {shard}: {run.err}")
		equal(run.err, "", "what a quiet run says: it has what it needs")
	check_union(folder, parts={0: 2, 1: 2})
	os.unlink(f"{folder}/prefixes")
	equal(_action(job, finish(_pod(job, folder, 0)).status), "FailJob", "what a wrong file ends")
	equal([_action(job, status) for status in (2, 3)], ["Count"] * 2, "what follows from 2 and 3")


def _lost(ours, kept, where=""):
	"""What of ours is not there, or otherwise, in what was read of it"""
	if isinstance(ours, dict):
		if not isinstance(kept, dict):
			return [where]
		return [lost for key in ours for lost in _lost(ours[key], kept.get(key), f"{where}.{key}")]
	if isinstance(ours, list) and isinstance(kept, list) and len(ours) == len(kept):
		return [lost for n, one in enumerate(ours) for lost in _lost(one, kept[n], f"{where}.{n}")]
	return [] if ours == kept or ours == {} else [f"{where} ({ours!r}, {kept!r})"]


def _as_read(job):
	"""The Job as kubectl's types have it, which know no fields but Kubernetes' own; it prints what it
	changes, so the image is another"""
	run = subprocess.run(["kubectl", "set", "image", "--local", "-f", "-", "-o", "json", "tfomap=new"],
		input=json.dumps(job), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIFE_S)
	assert run.returncode == 0 and run.stdout, run.stderr
	return json.loads(run.stdout)


@case("fleet/job-fields")
def kubectl_knows_each_field():
	"""The claim as that of a volume of the Job: kubectl reads nothing else without a cluster"""
	if not shutil.which("kubectl"):
		raise Skip("no kubectl here (Debian's is of 2020, which does not know these fields)")
	version = json.loads(subprocess.run(["kubectl", "version", "--client", "-o", "json"], check=True,
		stdout=subprocess.PIPE).stdout)["clientVersion"]
	if int(re.match("[0-9]+", version["minor"])[0]) < 29:
		raise Skip(f"kubectl is {version['gitVersion']}, the Job is for 1.29")
	documents = _documents()
	job = documents["Job"]
	job["spec"]["template"]["spec"]["volumes"].append({"name": "claim", "ephemeral": {
		"volumeClaimTemplate": {"spec": documents["PersistentVolumeClaim"]["spec"]}}})
	wrong = copy.deepcopy(job)
	wrong["spec"]["podFailurePolicyy"] = {"rules": []}
	image = ".spec.template.spec.containers.0.image"
	for one, unknown in ((wrong, [".spec.podFailurePolicyy"]), (job, [])):
		lost = [field for field in _lost(one, _as_read(one)) if field.split()[0] != image]
		equal(lost, unknown, "fields that kubectl does not know or reads otherwise")
	name = documents["ConfigMap"]["metadata"]["name"]
	volumes = {one["name"]: one for one in job["spec"]["template"]["spec"]["volumes"]}
	equal(volumes["scan"]["configMap"]["name"], name, "the configuration's name")
	equal(volumes["rows"]["persistentVolumeClaim"]["claimName"],
		documents["PersistentVolumeClaim"]["metadata"]["name"], "the claim's name")


# ---- systemd ----

EXPOSURE = 25  # of 100, as systemd-analyze counts it: a service that needs the network is never at 0


def _unit(name, folder):
	"""A unit of the package, for the instance x, and its file for systemd-analyze, with our program"""
	unit = configparser.RawConfigParser(strict=False, delimiters="=", interpolation=None)
	unit.optionxform = str
	with open(f"{ROOT}/debian/tfomap@.{name}") as f:
		text = f.read()
	unit.read_string(text)
	with open(f"{folder}/tfomap@x.{name}", "w") as f:
		f.write(text.replace("/usr/sbin/tfomap", TFOMAP))
	return unit


@case("fleet/unit-checked")
def systemd_reads_the_units_and_finds_them_hardened():
	if not shutil.which("systemd-analyze"):
		raise Skip("no systemd-analyze here (make deps)")
	folder = _folder("unit-checked")
	for name in ("service", "timer"):
		_unit(name, folder)
	service, timer = (f"{folder}/tfomap@x.{name}" for name in ("service", "timer"))
	for args in (["verify", "--man=no", service, timer],
			["security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", service]):
		run = subprocess.run(["systemd-analyze", *args], stdout=subprocess.PIPE,
			stderr=subprocess.STDOUT, text=True, timeout=LIFE_S)
		equal(run.returncode, 0, f"systemd-analyze {args[0]}: {run.stdout[-2000:]}")
		if args[0] == "verify":
			equal(run.stdout, "", "what systemd-analyze says")


def _commands(service, folder):
	"""The service's commands, before, scan and after, as systemd makes words of them"""
	words = [shlex.split(service[name].replace("%i", "x").replace("%%", "%").replace(
		"/etc/tfomap", folder)) for name in ("ExecStartPre", "ExecStart", "ExecStartPost")]
	equal(words[1].pop(0), "/usr/sbin/tfomap", "the service's program")
	words[1][:0] = [TFOMAP, *map(str, QUICK)]
	return words


@case("fleet/unit")
def the_services_commands_with_its_rights():
	"""As a user who is not root, with the capabilities that the unit names; stopped once"""
	need_nobody()
	folder = _folder("unit")
	service = _unit("service", folder)["Service"]
	state = f"{folder}/state"
	os.mkdir(state, 0o750)
	os.chown(state, NOBODY, NOBODY)
	os.chmod(folder, 0o755)
	with open(f"{folder}/x.conf", "w") as f:
		f.write(f"target-ports = {OPEN}\nallowlist-file = {folder}/prefixes\nrate = {RATE}\n"
			f"seed = {SEED}\n")
	_prefixes(f"{folder}/prefixes", f"{folder}/blocklist")
	granted = service["AmbientCapabilities"].split()
	equal(service["CapabilityBoundingSet"].split(), granted, "capabilities")
	ambient = ",".join("+" + name.lower().removeprefix("cap_") for name in granted)
	rights = ["ip", "netns", "exec", "scan", *_limited(granted, f"--reuid={NOBODY}",
		f"--regid={NOBODY}", "--clear-groups", f"--inh-caps={ambient}", f"--ambient-caps={ambient}")]
	before, scan, after = _commands(service, folder)
	for part in ("stopped", "whole"):
		process = None
		for words in (before, scan, after) if part == "whole" else (before, scan):
			process = subprocess.Popen([*rights, *words], cwd=state, stdin=subprocess.DEVNULL,
				stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
			if part == "stopped" and words is scan:
				os.kill(_under_way(f"{state}/current", 0, "rows.csv", "state", "current/state"),
					signal.SIGTERM)
			out, err = process.communicate(timeout=LIFE_S)
			equal(process.returncode, 4 if part == "stopped" and words is scan else 0,
				f"exit status of {words[0]}, {part}: {err}")
			equal(out + err, "", f"what {words[0]} says")
	left, = os.listdir(state)
	assert re.fullmatch("[0-9]{8}T[0-9]{6}Z", left), f"no date: {left}"
	equal(_named(_rows(f"{state}/{left}/rows.csv")), _one_run(), "rows of the service, and of one run")
	equal(len(json.load(open(f"{state}/{left}/scan.json"))["runs"]), 2, "parts")
