"""By hand, with KILLS=N in the environment: each of these runs is killed so many times, whenever it
happens to be, and goes on until it is complete; once there is nothing left to kill, another one is
begun. That is minutes; resume.py has what `make check` takes."""

import os
import random
import sys
import time

from harness import HOSTS, QUICK, case, finish, start, truth
from .resume import Files, check_complete, finish_complete, on_xdp
from .targets import PLAIN

OPEN = HOSTS["listener"].port
KILLS = int(os.environ.get("KILLS", 0))


def _killed_once(args, after_s):
	"""Whether it was there to be killed"""
	process = start(args)
	time.sleep(after_s)
	process.kill()
	run = finish(process)
	assert run.status in (0, -9), f"exit status {run.status}: {run.err}"
	return run.status == -9


def _register(name, targets, verdict, rate, longest_s, args, per_target=1, with_xdp=False):
	def check():
		rng = random.Random(name)
		kills = again = runs = 0
		while kills < KILLS:
			runs += 1
			files = Files(f"kills-{name}")
			full = [*QUICK, *args(files), "-r", rate, *files.args]
			before = truth.syn_counters()[0]
			while kills < KILLS and _killed_once(full, rng.uniform(0.01, longest_s)):
				kills += 1
			finish_complete(full)
			check_complete(files, targets, {verdict})
			again += truth.syn_counters()[0] - before - targets * per_target
		print(f"kills/{name}: {kills} kills in {runs} runs of {targets} targets; {again} SYNs beyond "
			f"the plan's {runs * targets * per_target}: {again / rate / kills:.2f} s of the rate "
			f"for each kill", file=sys.stderr)

	case(f"kills/{name}")(on_xdp(check) if with_xdp else check)


def _list(targets):
	def args(files):
		path = f"{files.folder}/list"
		with open(path, "w") as f:
			for port in range(20000, 20016):
				f.writelines(f"198.18.{n >> 8}.{n & 255},{port}\n" for n in range(targets // 16))
		return ["-I", path, "--report", "all", "--retries", 1]  # a packet that got lost is no matter
	return args


if KILLS:
	_register("sweep", 65536, "accepted", 8000, 2, lambda _: ["198.18.0.0/16", "-p", OPEN],
		per_target=2)
	_register("sweep-xdp", 65536, "no-cookie", 8000, 2, lambda _: ["198.18.0.0/16", "-p", PLAIN,
		"--tx", "xdp", "--rx", "xdp", "--retries", 0], with_xdp=True)
	_register("list", 1000000, "closed", 40000, 8, _list(1000000))
	_register("list-20000", 20000, "closed", 3000, 6, _list(20000))
