"""tfomap alone: what a probe costs to make, how soon it starts, its memory, its rate."""

import json
import subprocess

from bed import BIN, RUNS, WORK, Skip, figure, measure, median, sink
from tools import PREFIX, cores, tfomap, tfomap_has

INTERNET = "0.0.0.0/0"
META = f"{WORK}/meta"
NULL = ["-r", 0, "-c", 0, "-m", META]


def sent_per_s():
	with open(META, encoding="utf-8") as f:
		meta = json.load(f)
	return meta["counters"]["state"]["targets_started"] / meta["sending_s"]


def null(*args, threads=1, blocklist=False):
	"""To nowhere; so all of IPv4 may be the target"""
	command = tfomap(*args, engine="null", threads=threads)
	return [word for word in command if not blocklist or word != "--no-default-blocklist"]


def generation():
	"""Probes/s made and sent nowhere (--tx null), one thread on one core: order, look-up, hash,
	patch, pacer, counters. A prefix; all of IPv4 but the special-purpose ranges; the same with a
	thousand ports; two threads on two cores."""
	rows = {
		"prefix": null(*NULL, "-n", "40M", "-p", "1-1000", PREFIX),
		"internet": null(*NULL, "-n", "40M", INTERNET, blocklist=True),
		"internet-ports": null(*NULL, "-n", "40M", "-p", "1-1000", INTERNET, blocklist=True),
		"internet-T2": null(*NULL, "-n", "80M", INTERNET, blocklist=True, threads=2),
	}
	speeds = {name: [] for name in rows}
	for _ in range(RUNS):
		for name, command in rows.items():
			measure(None, command)
			speeds[name].append(sent_per_s())
	for name, done in speeds.items():
		figure(f"generation.{name}", median(done), f"probes/s, {min(done):.4g} to {max(done):.4g}")


def receive():
	"""Answers/s that are read, validated and made into rows, out of memory and with nobody who sends:
	by one thread, and by two on two cores; all rows to /dev/null, or none written."""
	for rows in ("all", "none"):
		speeds = {1: [], 2: []}
		for _ in range(RUNS):
			for threads, done in speeds.items():
				done.append(float(subprocess.run([f"{BIN}/receive", str(threads), rows], check=True,
					capture_output=True, text=True).stdout))
		for threads, done in speeds.items():
			figure(f"receive.{rows}-rows.{threads}", median(done),
				f"answers/s, {min(done):.4g} to {max(done):.4g}")
		figure(f"receive.{rows}-rows.gain", median(two / one for one, two in zip(*speeds.values())),
			"times as many by two threads")


def start():
	"""From exec() to the first packet at the far end, ten addresses; the cool-down is a second."""
	with sink() as far:
		for engine in ("packet", "tc", "xdp"):
			try:
				if engine != "packet":
					tfomap_has("--tx", engine, "-r", 0)
			except Skip as why:
				print(f"{engine} is left out: {why}")
				continue
			runs = [measure(far, tfomap("-c", 1, "-p", 80, *(["-r", 0] if engine != "packet" else []),
				"198.18.0.0/29", "198.18.0.8/31", engine=engine, pin=False))
				for _ in range(RUNS)]
			figure(f"start.{engine}.first-packet", median((run.far.first_ns - run.start_ns) / 1e6
				for run in runs), "ms")
			figure(f"start.{engine}.whole-run", median((run.end_ns - run.start_ns) / 1e6
				for run in runs), "ms, of which the cool-down 1000")


def memory():
	"""Peak resident memory, and how long the run took: a sweep of the lab's /16 that nobody
	answers; 20 s of a sweep of all of IPv4 with all defaults but the rate, 1 M packets/s, and sent
	nowhere: the window, three seconds of targets, is full long before, but there is no capture; 10 s
	of the same rate in the lab, with the engine that auto takes and the capture; ten million targets
	of all of IPv4 without limit, of all its ports, and a server list of a million lines."""
	unlimited = ["--tx", "null", "-r", 0, "--retries", 0, "-c", 0]
	ten_million = [*unlimited, "-n", "10M"]
	listed = f"{WORK}/million"
	with open(listed, "w", encoding="ascii") as f:
		for port in range(1, 17):
			f.writelines(f"198.18.{i >> 8}.{i & 255}:{port}\n" for i in range(62500))
	program = tfomap(pin=False)[0]
	with sink() as far:
		for name, args in (
				("sweep-16", ["--no-default-blocklist", "--tx", "packet", "-r", 0, "-c", 1, PREFIX]),
				("internet-1M", ["--tx", "null", "-r", "1M", "-t", 20, INTERNET]),
				("sweep-1M", ["--no-default-blocklist", "-r", "1M", "-t", 10, "-c", 1, "-p",
					"1-1000", PREFIX]),
				("internet-10M-targets", [*ten_million, INTERNET]),
				("internet-all-ports", [*ten_million, "-p", "*", INTERNET]),
				("list-1M", ["--no-default-blocklist", *unlimited, "-I", listed])):
			run = measure(far, [program, "-q", "-m", META, *args], may_fail="-t" in args)
			figure(f"memory.{name}", run.peak_kb / 1024, "MiB")
			figure(f"memory.{name}.time", (run.end_ns - run.start_ns) / 1e9, "s")


# Engine, packets/s, how many
RATES = [("packet", pps, n) for pps, n in ((1, 6), (10, 50), (100, 500), (1000, 4000),
	(10000, 30000), (100000, 300000), (250000, 750000), (500000, 1500000))]
RATES += [("tc", pps, pps * 3) for pps in (250000, 500000, 1000000)]
RATES += [("xdp", pps, pps * 3) for pps in (250000, 500000, 1000000, 2000000, 5000000)]


def rate():
	"""Packets over the time from the first to the last at the far end, beside what was asked
	for."""
	with sink() as far:
		for engine, pps, n in RATES:
			try:
				if engine != "packet":
					tfomap_has("--tx", engine, "-r", pps)
			except Skip as why:
				print(f"{engine} {pps} is left out: {why}")
				continue
			run = measure(far, [*cores(2), *tfomap("-r", pps, "-n", n, "-c", 1, "-p", "1-256",
				PREFIX, engine=engine, pin=False)])
			figure(f"rate.{engine}.{pps}", run.far.pps, f"packets/s, "
				f"{(run.far.pps / pps - 1) * 100:+.3f} %, {run.far.packets} of {n} arrived")
			share = run.cpu_s * 1e9 / (run.end_ns - run.start_ns)
			figure(f"rate.{engine}.{pps}.cpu", share * 100, "% of a core")
