"""Every target answers: whole scans, with their rows in a file."""

import json
import os
import shutil
import subprocess
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Callable

from bed import RUNS, WORK, Far, Measured, Skip, Trickle, figure, measure, median, near
from tools import N, PREFIX, masscan, tfomap, tfomap_has, zmap

ROWS, META = f"{WORK}/rows", f"{WORK}/meta"
NO_LOSS = 0.999  # of the targets have their row
STEPS = 5
# Of sending, where there is a rate. Verified is a run that no buffer could hold.
SEARCH_S, VERIFY_S = 2, 4


@dataclass(frozen=True)
class Scan:
	name: str
	command: Callable  # of (packets/s or 0, probes to each address)
	row: str  # what a line of the file has if it is one target's answer
	times: int  # without a rate
	near: bool = True  # whether the near end gets a program
	phases: int = 1  # packets a target takes
	most: float = 0  # packets/s that are worth a try; 0: no search


@dataclass
class Done:
	run: Measured
	targets: int
	rows: int
	losses: str

	@property
	def share(self):
		return self.rows / self.targets

	@property
	def rows_s(self):
		return self.rows / self.run.far.active_s


def tfomap_scan(engine, rx, threads=1):
	def command(pps, times, prefix=PREFIX):
		return tfomap("-r", int(pps), "-c", 1, "-p", f"1-{times}", "-f", "ip,port,verdict", "-o",
			ROWS, "-m", META, "--rx", rx, prefix, engine=engine, threads=threads, pin=False)
	fast = engine == "xdp"
	name = f"{engine}+{rx}" if threads == 1 else f"{engine}-T{threads}+{rx}"
	return Scan(name, command, ",accepted$", 32 if fast else 16, rx != "xdp", 2,
		12e6 if fast else 2e6)


def zmap_scan(threads, most=0):
	"""Repeated answers are rows, too: the older zmap knows only one port."""
	def command(pps, times, prefix=PREFIX):
		return zmap("-c", 2, "-O", "csv", "-f", "saddr", "--output-filter", "success = 1", "-o",
			ROWS, prefix, pps=pps, times=times, threads=threads, pin=False)
	return Scan(f"zmap-T{threads}", command, "^198", 16, most=most)


def masscan_scan():
	def command(pps, times, prefix=PREFIX):
		return masscan("-oL", ROWS, prefix, pps=pps, times=times, wait_s=5, pin=False)
	return Scan("masscan", command, "^open", 16)


# What makes a scan, and what tfomap has to be able to for it.
SCANS = (
	(lambda: zmap_scan(1, 2e6), None),
	(lambda: zmap_scan(2), None),
	(masscan_scan, None),
	(lambda: tfomap_scan("packet", "pcap"), ["--tx", "packet", "--rx", "pcap"]),
	(lambda: tfomap_scan("packet", "pcap", 2), ["--tx", "packet", "--rx", "pcap"]),
	(lambda: tfomap_scan("packet", "xdp"), ["--tx", "packet", "--rx", "xdp"]),
	(lambda: tfomap_scan("tc", "pcap"), ["--tx", "tc", "--rx", "pcap", "-r", 0]),
	(lambda: tfomap_scan("tc", "xdp"), ["--tx", "tc", "--rx", "xdp", "-r", 0]),
	(lambda: tfomap_scan("xdp", "pcap"), ["--tx", "xdp", "--rx", "pcap", "-r", 0]),
	(lambda: tfomap_scan("xdp", "xdp"), ["--tx", "xdp", "--rx", "xdp", "-r", 0]),
)


def scans():
	found = []
	for make, needs in SCANS:
		scan = make()
		try:
			scan.command(0, 1)  # says so if the program is missing
			if needs:
				tfomap_has(*needs)
			found.append(scan)
		except Skip as why:
			print(f"{scan.name} is left out: {why}")
	return found


def losses(meta):
	counters = meta["counters"]
	said = {**counters["losses"], **counters["drops"], "requeued": counters["sent"]["requeued"]}
	return ", ".join(f"{name} {n}" for name, n in said.items() if n)


def rows_of(scan):
	found = subprocess.run(["grep", "-c", scan.row, ROWS], stdout=subprocess.PIPE,
		stderr=subprocess.DEVNULL, text=True)
	return int(found.stdout or 0)


def scan_once(far, scan, pps=0, seconds=SEARCH_S):
	for old in (ROWS, META):
		if os.path.exists(old):
			os.unlink(old)
	times = max(1, round(pps * seconds / scan.phases / N)) if pps else scan.times
	with near() if scan.near else nullcontext():
		run = measure(far, scan.command(pps, times))
	told = ""
	if os.path.exists(META):
		with open(META, encoding="utf-8") as f:
			told = losses(json.load(f))
	return Done(run, N * times, rows_of(scan), told)


def line(name, pps, done):
	far = done[0].run.far
	worst = min(done, key=lambda one: one.share)
	syns_s = median(one.run.far.syns / one.run.far.active_s for one in done)
	print(f"{name:13}{pps:10.0f}{syns_s:10.0f}{median(one.rows_s for one in done):10.0f}"
		f"{median(one.share for one in done):9.2%}{worst.share:9.2%}"
		f"  {far.syns} {far.answered} {done[0].rows}", flush=True)
	if done[0].losses:
		print(f"{'':13}tfomap: {done[0].losses}")


HEAD = (f"{'':13}{'-r':>10}{'SYNs/s':>10}{'rows/s':>10}{'share':>9}{'worst':>9}"
	"  SYNs, answers, rows of the first run")


def highest(far, scan):
	"""The most packets/s at which nothing is lost, within a tenth or so; 0: none that was tried"""
	low, high, best = scan.most / 32, scan.most, 0
	for _ in range(STEPS):
		pps = (low * high) ** 0.5
		done = scan_once(far, scan, pps)
		line(scan.name, pps, [done])
		if done.share >= NO_LOSS:
			low = best = pps
		else:
			high = pps
	return best


def verify(far, scan, pps):
	"""At that rate, five runs; a tenth less, thrice, if the median lost something"""
	for _ in range(4):
		done = [scan_once(far, scan, pps, VERIFY_S) for _ in range(RUNS)]
		line(scan.name, pps, done)
		if median(one.share for one in done) >= NO_LOSS:
			return done
		pps *= 0.9
	return None


def sound(far, found):
	"""The answers are what they ought to be: a row for each of 256 addresses, checksums right"""
	for scan in found:
		with near() if scan.near else nullcontext():
			seen = measure(far, scan.command(5000, 1, "198.18.7.0/24")).far
		print(f"{scan.name}: {seen.syns} SYNs, {seen.requests} of them requests, {seen.data} with "
			f"cookie and data; {seen.answered} answered")
		figure(f"answered.sound.{scan.name}", rows_of(scan), "rows of 256 targets")
	if not shutil.which("tshark"):
		return
	pcap = f"{WORK}/sound.pcap"
	with near():
		measure(far, tfomap("-r", 5000, "-n", 256, "-c", 1, "--save-pcap", pcap, PREFIX, pin=False))
	bad = subprocess.run(["tshark", "-r", pcap, "-o", "tcp.check_checksum:TRUE", "-o",
		"ip.check_checksum:TRUE", "-Y", "tcp.checksum.status != 1 || ip.checksum.status != 1"],
		stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.splitlines()
	figure("answered.sound.bad-checksums", len(bad), "packets, by tshark")


def answered():
	"""A responder in XDP answers each SYN, gives a cookie to each request, takes it back with data.
	tfomap: two phases, a row is an `accepted`; zmap and masscan: one, a row is an open port. Two
	cores, one sender thread unless told (of itself tfomap takes two with packet, one with the
	others). rows/s is over the far end's time from the first packet to the last (the kernel's
	resets of what was opened among them); share is of the targets that have their row. First at
	full speed; where that loses more than 0.1 %, at the highest rate that does not, found by
	halving and verified."""
	with Far("answer") as far, Trickle():
		found = scans()
		sound(far, found)
		print(HEAD, flush=True)
		full = {scan.name: [] for scan in found}
		for _ in range(RUNS):
			for scan in found:
				full[scan.name].append(scan_once(far, scan))
		for name, done in full.items():
			line(name, 0, done)
		safe = {}
		for scan in (scan for scan in found if scan.most):
			if min(one.share for one in full[scan.name]) >= NO_LOSS:
				safe[scan.name] = full[scan.name]
				continue
			print(f"{scan.name}: the search", flush=True)
			pps = highest(far, scan)
			safe[scan.name] = pps and verify(far, scan, pps)
	report(full, safe)


def report(full, safe):
	for name, done in full.items():
		figure(f"answered.full.{name}", median(one.rows_s for one in done), "rows/s")
		figure(f"answered.full.{name}.share", median(one.share for one in done) * 100, "%")
	for name, done in safe.items():
		if not done:
			print(f"{name}: no rate without loss was found")
			continue
		figure(f"answered.no-loss.{name}", median(one.rows_s for one in done), "rows/s")
		figure(f"answered.no-loss.{name}.share", median(one.share for one in done) * 100, "%")
	zmaps = [("T1-full", full.get("zmap-T1")), ("T2-full", full.get("zmap-T2")),
		("T1-no-loss", safe.get("zmap-T1"))]
	for name, done in safe.items():
		for how, other in zmaps:
			if done and other and not name.startswith("zmap"):
				figure(f"answered.{name}/zmap-{how}", median(one.rows_s for one in done)
					/ median(one.rows_s for one in other), "x")
