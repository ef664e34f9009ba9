"""Shards that other programs run, by the files of conf/fleet and the lines of the manual: whatever
happens to a shard, all of them together have the rows of one run."""

import csv
import glob
import json
import os
import shutil
import signal

import slurm
from harness import HOSTS, QUICK, TFOMAP, WORK, case, equal, finish, start, wait_for

FLEET = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../conf/fleet")
OPEN = HOSTS["listener"].port
SHARDS = 4
TARGETS = ["198.18.80.0/22", "-p", OPEN]
N_TARGETS = 1024
SEED = 2026
RATE = 400  # of all shards together: some seconds, so that there is something left to kill
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


def check_union(folder, pattern="rows-*.csv", metadata="scan-*.json", parts=None):
	"""The shards' files together are one run's; parts: how many each shard was run in, at least"""
	files = sorted(glob.glob(f"{folder}/{pattern}"))
	equal(len(files), SHARDS, "shards with rows")
	together = [row for path in files for row in _rows(path)]
	equal(len(together), N_TARGETS, "rows of all shards")
	differ = _named(together) ^ _one_run()
	assert not differ, f"{len(differ)} rows, of the shards or of one run: {sorted(differ)[:4]}"
	told = [json.load(open(path)) for path in sorted(glob.glob(f"{folder}/{metadata}"))]
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


def _under_way(folder, shard, rows="rows-{}.csv", state="state-{}"):
	"""Its process, once it has rows and a checkpoint"""
	names = (f"{folder}/{name.format(shard)}" for name in (rows, state))
	rows, state = names
	wait_for(lambda: _lines(rows) > 20 and os.path.exists(state), f"rows of shard {shard}", LIFE_S)
	pid = _process(state)
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
	with open(f"{folder}/log-{shard}") as f:
		return f.read()[-2000:]


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
	told = [json.load(open(f"{folder}/scan-{shard}.json")) for shard in range(SHARDS)]
	equal([one["runs"][0]["exit_reason"] for one in (told[0], told[2])], ["killed", "signal"],
		"how the first parts ended")
