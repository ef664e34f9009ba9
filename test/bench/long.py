"""Runs of minutes, whose memory and rate are looked at as they go. Only by name."""

import csv
import json
import os
import subprocess
import time
from itertools import pairwise

from answered import losses
from bed import GEN, WORK, Far, Trickle, figure
from own import INTERNET, META, NULL, null, sent_per_s
from tools import N, PREFIX, tfomap, tfomap_has

STATUS = f"{WORK}/status"
PARTS = (("tenth", 0.1), ("half", 0.5), ("end", 0.99))
HOUR_PPS = 100000
TAKES = 5  # packets that a target takes: request, data, and what takes both connections down
MINUTES = float(os.environ.get("MINUTES", "60"))


def resident_kb(pid):
	try:
		with open(f"/proc/{pid}/status", encoding="ascii") as f:
			return next((int(row.split()[1]) for row in f if row.startswith("VmRSS")), 0)
	except FileNotFoundError:
		return 0


def watch(command):
	"""Runs it. Returns its exit status, how many seconds it took, and its resident memory, MiB, each
	half a second"""
	start = time.monotonic()
	process = subprocess.Popen([*GEN, *map(str, command)], stdin=subprocess.DEVNULL,
		stdout=subprocess.DEVNULL)
	seen = []
	while process.poll() is None:
		seen.append(resident_kb(process.pid) / 1024)
		time.sleep(0.5)
	return process.returncode, time.monotonic() - start, seen


def metadata():
	with open(META, encoding="utf-8") as f:
		return json.load(f)


def tell_memory(part, seen, meta):
	for name, share in PARTS:
		figure(f"{part}.memory.{name}", seen[int(len(seen) * share)], "MiB")
	figure(f"{part}.memory.peak", meta["memory_peak_bytes"] / 1024 / 1024, "MiB")


def internet():
	"""All of IPv4 but the special-purpose ranges, one port, one process, two threads, sent nowhere
	(--tx null): how long, and the memory at a tenth, half and the end of that time."""
	status, took, seen = watch(null(*NULL, INTERNET, blocklist=True, threads=2))
	meta = metadata()
	figure("internet.targets", meta["counters"]["state"]["targets_started"],
		f"of {meta['targets']['total']}; exit status {status}")
	figure("internet.time", took, "s")
	figure("internet.speed", sent_per_s(), "probes/s")
	tell_memory("internet", seen, meta)


def rates():
	"""Packets/s around a tenth, half and near the end of what was sent, each over a tenth of that"""
	with open(STATUS, encoding="ascii", newline="") as f:
		rows = [(float(row["elapsed_s"]), int(row["sent"])) for row in csv.DictReader(f)]
	total = rows[-1][1]

	def at(packets):
		for (t0, n0), (t1, n1) in pairwise([(0.0, 0), *rows]):
			if n1 > n0 and n1 >= packets:
				return t0 + (t1 - t0) * (packets - n0) / (n1 - n0)
		return rows[-1][0]

	for name, middle in (("tenth", 0.1), ("half", 0.5), ("end", 0.9)):
		took = at(total * (middle + 0.05)) - at(total * (middle - 0.05))
		yield name, total / 10 / took if took else 0


def hour():
	"""As many packets as an hour at 100,000/s has, 360 million, as fast as they go: every target
	answers and has its row (--tx xdp --rx xdp, one sender, rows to /dev/null; the far end as in
	`answered`). So the receive side has an hour's work, too; what an hour's time does, apart from
	work, it does not show. Whether memory and rate are flat: at a tenth, half and the end; tables have
	their size from the start, and count as they are touched. MINUTES=... is a shorter hour."""
	targets = round(MINUTES * 60 * HOUR_PPS / TAKES)
	ports = -(-targets // N)
	with Far("answer") as far, Trickle():
		tfomap_has("--tx", "xdp", "--rx", "xdp", "-r", 0)
		far.take()
		status, took, seen = watch(tfomap("-r", 0, "-c", 1, "-n", targets, "-p", f"1-{ports}", "-f",
			"ip,port,verdict", "-o", "/dev/null", "-m", META, "-u", STATUS, "--rx", "xdp", PREFIX,
			engine="xdp", pin=False))
		count = far.take()
	meta = metadata()
	sums = meta["counters"]
	figure("hour.packets", count.packets, f"at the far end, {count.answered} of them answered; "
		f"exit status {status}")
	figure("hour.time", took, "s")
	figure("hour.share", sums["rows"]["rows"] / targets * 100, f"% of {targets} targets have a row")
	for name, pps in rates():
		figure(f"hour.rate.{name}", pps, "packets/s")
	tell_memory("hour", seen, meta)
	if losses(meta):
		print(f"tfomap: {losses(meta)}")
