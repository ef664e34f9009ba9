"""Slurm on the lab's scanner: munged, slurmctld and slurmd of Debian's packages, with files of their
own, ended by their ids. The machine's own configuration and services are not touched."""

import os
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager

from harness import LAB, Skip, WORK, wait_for

DIR = f"{WORK}/slurm"
DAEMONS = ("munged", "slurmctld", "slurmd")
START_S = 60
# Unlike `ip netns exec` it leaves /sys as it is: slurmd does not start without control groups there.
INSIDE = ["nsenter", "--net=/run/netns/scan"]


def _prepare():
	shutil.rmtree(DIR, ignore_errors=True)
	for folder in ("", "/state", "/spool"):
		os.makedirs(DIR + folder, mode=0o755, exist_ok=True)
	os.chmod(WORK, 0o755)
	with open(f"{DIR}/munge.key", "wb", opener=lambda p, f: os.open(p, f, 0o400)) as key:
		key.write(os.urandom(1024))
	with open(f"{LAB}/slurm.conf.in") as f:
		text = f.read()
	for word, value in (("@HOST@", socket.gethostname().split(".")[0]), ("@DIR@", DIR)):
		text = text.replace(word, value)
	with open(f"{DIR}/slurm.conf", "w") as f:
		f.write(text)


def command(*args, check=True, env=()):
	"""One of Slurm's commands; its standard output"""
	run = subprocess.run([*INSIDE, *map(str, args)], text=True,
		env=os.environ | {"SLURM_CONF": f"{DIR}/slurm.conf"} | dict(env), stdin=subprocess.DEVNULL,
		stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=START_S)
	assert run.returncode == 0 or not check, f"{args}: {run.stderr}"
	return run.stdout


def _start(name, *args):
	with open(f"{DIR}/{name}.log", "w") as log:
		return subprocess.Popen([*INSIDE, name, *args], stdin=subprocess.DEVNULL,
			stdout=log, stderr=log, env=os.environ | {"SLURM_CONF": f"{DIR}/slurm.conf"})


def _said(process, name):
	with open(f"{DIR}/{name}.log") as log:
		return f"{name}, exit status {process.poll()}: {log.read()[-1000:]}"


def _up(daemons):
	"""The node takes jobs"""
	for name, process in daemons.items():
		if process.poll() is None:
			continue
		if "cgroup" in (said := _said(process, name)):
			raise Skip(f"the control groups of this machine are not for it: {said}")
		raise AssertionError(said)
	return "idle" in command("sinfo", "-h", "-o", "%T", check=False)


@contextmanager
def cluster():
	"""A node that takes jobs; gone with all its jobs at the end"""
	missing = [name for name in (*DAEMONS, "sbatch") if not shutil.which(name)]
	if missing:
		raise Skip(f"no {missing[0]} here (make deps)")
	if not os.path.ismount("/sys/fs/cgroup"):
		raise Skip("slurmd needs control groups, and none are mounted here (/sys/fs/cgroup)")
	if b" 4294967295\n" not in open("/proc/self/uid_map", "rb").read():
		raise Skip("slurmd starts jobs for root only outside of user namespaces")
	_prepare()
	daemons = {"munged": _start("munged", "-F", f"--key-file={DIR}/munge.key",
		"-S", f"{DIR}/munge.socket", f"--pid-file={DIR}/munge.pid", f"--log-file={DIR}/munge.log",
		f"--seed-file={DIR}/munge.seed")}
	try:
		wait_for(lambda: os.path.exists(f"{DIR}/munge.socket"), "munged", START_S)
		for name in DAEMONS[1:]:
			daemons[name] = _start(name, "-D")
		wait_for(lambda: _up(daemons), "the node", START_S)
		yield
		command("scancel", "-u", "root", "-s", "KILL", "-f", check=False)
	finally:
		for process in reversed(daemons.values()):
			process.send_signal(signal.SIGTERM)
			try:
				process.wait(20)
			except subprocess.TimeoutExpired:
				process.kill()
				process.wait()


def state(job, shard):
	"""COMPLETED, RUNNING, PENDING, FAILED ..."""
	return dict(word.split("=", 1) for word in command("scontrol", "-o", "show", "job",
		f"{job}_{shard}").split() if "=" in word)
