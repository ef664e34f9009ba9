"""Sending alone: the far end drops."""

from bed import RUNS, Skip, Trickle, figure, interleave, median, sink
from tools import ALL, HALF, masscan, tfomap, tfomap_has, zmap

SIZES = {HALF: 65536, ALL: 131072}


def tfomap_row(engine, threads, prefix, times):
	if engine == "xdp":
		tfomap_has("--tx", "xdp", "-r", 0)
	return tfomap("-r", 0, "-c", 1, "-p", f"1-{times}", prefix, engine=engine, threads=threads)


# Name, the packets that are sent, and the command. None shorter than about a second.
def rows():
	yield "zmap-T1", HALF, 32, lambda: zmap("-c", 1, "-o", "/dev/null", HALF, times=32)
	yield "packet-T1", HALF, 48, lambda: tfomap_row("packet", 1, HALF, 48)
	yield "xdp-T1", ALL, 160, lambda: tfomap_row("xdp", 1, ALL, 160)
	yield "masscan", HALF, 32, lambda: masscan(HALF, times=32)
	yield "libnet-T1", HALF, 24, lambda: tfomap_row("libnet", 1, HALF, 24)
	yield "zmap-T2", HALF, 40, lambda: zmap("-c", 1, "-o", "/dev/null", HALF, times=40, threads=2)
	yield "packet-T2", ALL, 40, lambda: tfomap_row("packet", 2, ALL, 40)
	yield "xdp-T2", ALL, 320, lambda: tfomap_row("xdp", 2, ALL, 320)


def ratios(medians):
	for name, beside in (("packet-T1", "zmap-T1"), ("xdp-T1", "zmap-T1"),
			("packet-T1", "masscan"), ("packet-T2", "zmap-T2"), ("xdp-T2", "zmap-T2")):
		if medians.get(name) and medians.get(beside):
			figure(f"speed.{name}/{beside}", medians[name] / medians[beside], "x")


def speed():
	"""Packets/s at the far end, from the first to the last of them, so that neither start-up nor
	cool-down counts, and only what arrived does. T1: one sender thread, and the whole program on
	one core; T2: two senders, two cores. No rate limit."""
	tools, sent = {}, {}
	for name, prefix, times, command in rows():
		try:
			tools[name], sent[name] = command(), SIZES[prefix] * times
		except Skip as why:
			print(f"{name} is left out: {why}")
	with sink() as far, Trickle():
		print(f"the far end counts by {far.how}; {RUNS} runs each, interleaved", flush=True)
		runs = interleave(far, tools)
	print(f"{'':10}{'median':>10}{'least':>10}{'most':>10}  packets/s; {'CPU ns':>7} arrived")
	medians = {}
	for name, done in runs.items():
		pps = [run.far.pps for run in done]
		cpu = median(run.cpu_ns for run in done)
		arrived = sum(run.far.packets for run in done) / sent[name] / len(done)
		medians[name] = median(pps)
		print(f"{name:10}{medians[name]:10.0f}{min(pps):10.0f}{max(pps):10.0f}"
			f"{cpu:21.0f} {arrived:7.2%}")
	for name, done in runs.items():
		figure(f"speed.{name}", medians[name], "packets/s")
		figure(f"speed.{name}.cpu", median(run.cpu_ns for run in done), "ns/packet")
	ratios(medians)
