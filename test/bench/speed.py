"""Sending alone: the far end drops."""

import os

from bed import RUNS, WORK, Skip, Trickle, figure, interleave, median, sink
from tools import N, PREFIX, masscan, tfomap, tfomap_has, zmap

# Name, probes to each address, command. No run is shorter than about a second.
ROWS = (
	("zmap-T1", 32, lambda n: zmap("-c", 1, "-o", "/dev/null", PREFIX, times=n)),
	("packet-T1", 48, lambda n: tfomap_row(n, "packet", 1)),
	("tc-T1", 80, lambda n: tfomap_row(n, "tc", 1)),
	("xdp-T1", 320, lambda n: tfomap_row(n, "xdp", 1)),
	("masscan", 32, lambda n: masscan(PREFIX, times=n)),
	("libnet-T1", 24, lambda n: tfomap_row(n, "libnet", 1)),
	("zmap-T2", 48, lambda n: zmap("-c", 1, "-o", "/dev/null", PREFIX, times=n, threads=2)),
	("packet-T2", 80, lambda n: tfomap_row(n, "packet", 2)),
	("tc-T2", 160, lambda n: tfomap_row(n, "tc", 2)),
	("xdp-T2", 640, lambda n: tfomap_row(n, "xdp", 2)),
)


def tfomap_row(n, engine, threads):
	if engine in ("xdp", "tc"):
		tfomap_has("--tx", engine, "-r", 0)
	return tfomap("-r", 0, "-c", 1, "-p", f"1-{n}", PREFIX, engine=engine, threads=threads)


def commands(rows):
	"""{name: command} of what can run here"""
	tools = {}
	for name, n, command in rows:
		try:
			tools[name] = command(n)
		except Skip as why:
			print(f"{name} is left out: {why}")
	return tools


def print_ratios(part, pairs, medians, cpu):
	for name, beside in pairs:
		if medians.get(name) and medians.get(beside):
			figure(f"{part}.{name}/{beside}", medians[name] / medians[beside],
				f"x; packets a CPU second {cpu[beside] / cpu[name]:.3g} x")


def compare(part, rows, pairs):
	"""Runs what can run here, in turn, and prints its table and figures"""
	sent = {name: N * n for name, n, _ in rows}
	with sink() as far, Trickle():
		print(f"the far end counts by {far.how}; {RUNS} runs each, interleaved", flush=True)
		runs = interleave(far, commands(rows))
	print(f"{'':14}{'median':>10}{'least':>10}{'most':>10}  packets/s; {'CPU ns':>7} arrived")
	medians, cpu = {}, {}
	for name, done in runs.items():
		pps = [run.far.pps for run in done]
		cpu[name] = median(run.cpu_ns for run in done)
		arrived = sum(run.far.packets for run in done) / sent[name] / len(done)
		medians[name] = median(pps)
		print(f"{name:14}{medians[name]:10.0f}{min(pps):10.0f}{max(pps):10.0f}"
			f"{cpu[name]:21.0f} {arrived:7.2%}")
	for name, pps in medians.items():
		figure(f"{part}.{name}", pps, "packets/s")
		figure(f"{part}.{name}.cpu", cpu[name], "ns/packet")
	print_ratios(part, pairs, medians, cpu)


def speed():
	"""Packets/s at the far end, from the first to the last of them, so that neither start-up nor
	cool-down counts, and only what arrived does. T1: one sender thread, and the whole program on
	one core; T2: two senders, two cores. No rate limit. Where others use the cores, too, packets a
	CPU second say more than packets a second."""
	compare("speed", ROWS, (("packet-T1", "zmap-T1"), ("tc-T1", "zmap-T1"), ("tc-T1", "packet-T1"),
		("xdp-T1", "zmap-T1"), ("packet-T1", "masscan"), ("packet-T2", "zmap-T2"),
		("tc-T2", "zmap-T2"), ("xdp-T2", "zmap-T2")))


def listed(n, engine, threads):
	"""A server list of n ports of each address, one of them a line; each line is a target"""
	path = f"{WORK}/list-{n}"
	if not os.path.exists(path):
		with open(path, "w", encoding="ascii") as f:
			for port in range(1, n + 1):
				f.writelines(f"198.18.{i >> 8}.{i & 255}:{port}\n" for i in range(N))
	if engine in ("xdp", "tc"):
		tfomap_has("--tx", engine, "-r", 0)
	return tfomap("-r", 0, "-c", 1, "--retries", 0, "-I", path, engine=engine, threads=threads)


# 16: a million entries; 64: four million, which last longer.
LIST_ROWS = (
	("zmap-T1", 32, lambda n: zmap("-c", 1, "-o", "/dev/null", PREFIX, times=n)),
	("packet-T1", 16, lambda n: listed(n, "packet", 1)),
	("tc-T1", 16, lambda n: listed(n, "tc", 1)),
	("xdp-T1", 16, lambda n: listed(n, "xdp", 1)),
	("xdp-T1-4M", 64, lambda n: listed(n, "xdp", 1)),
	("xdp-T2", 16, lambda n: listed(n, "xdp", 2)),
	("xdp-T1-prefix", 64, lambda n: tfomap_row(n, "xdp", 1)),
)


def lists():
	"""The same of a server list: a million lines of address and port, as many targets, and four
	million; beside zmap and --tx xdp that sweep a prefix. CPU time has the reading of the list."""
	compare("lists", LIST_ROWS, (("packet-T1", "zmap-T1"), ("tc-T1", "zmap-T1"),
		("xdp-T1", "zmap-T1"), ("xdp-T1-4M", "zmap-T1"), ("xdp-T1", "packet-T1"),
		("xdp-T1", "xdp-T1-prefix"), ("xdp-T1-4M", "xdp-T1-prefix")))
