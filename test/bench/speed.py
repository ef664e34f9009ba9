"""Sending alone: the far end drops."""

from bed import RUNS, Skip, Trickle, figure, interleave, median, sink
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


def commands():
	"""{name: command} of what can run here"""
	tools = {}
	for name, n, command in ROWS:
		try:
			tools[name] = command(n)
		except Skip as why:
			print(f"{name} is left out: {why}")
	return tools


def ratios(medians, cpu):
	for name, beside in (("packet-T1", "zmap-T1"), ("tc-T1", "zmap-T1"), ("tc-T1", "packet-T1"),
			("xdp-T1", "zmap-T1"), ("packet-T1", "masscan"), ("packet-T2", "zmap-T2"),
			("tc-T2", "zmap-T2"), ("xdp-T2", "zmap-T2")):
		if medians.get(name) and medians.get(beside):
			figure(f"speed.{name}/{beside}", medians[name] / medians[beside],
				f"x; packets a CPU second {cpu[beside] / cpu[name]:.3g} x")


def speed():
	"""Packets/s at the far end, from the first to the last of them, so that neither start-up nor
	cool-down counts, and only what arrived does. T1: one sender thread, and the whole program on
	one core; T2: two senders, two cores. No rate limit. Where others use the cores, too, packets a
	CPU second say more than packets a second."""
	sent = {name: N * n for name, n, _ in ROWS}
	with sink() as far, Trickle():
		print(f"the far end counts by {far.how}; {RUNS} runs each, interleaved", flush=True)
		runs = interleave(far, commands())
	print(f"{'':10}{'median':>10}{'least':>10}{'most':>10}  packets/s; {'CPU ns':>7} arrived")
	medians, cpu = {}, {}
	for name, done in runs.items():
		pps = [run.far.pps for run in done]
		cpu[name] = median(run.cpu_ns for run in done)
		arrived = sum(run.far.packets for run in done) / sent[name] / len(done)
		medians[name] = median(pps)
		print(f"{name:10}{medians[name]:10.0f}{min(pps):10.0f}{max(pps):10.0f}"
			f"{cpu[name]:21.0f} {arrived:7.2%}")
	for name, pps in medians.items():
		figure(f"speed.{name}", pps, "packets/s")
		figure(f"speed.{name}.cpu", cpu[name], "ns/packet")
	ratios(medians, cpu)
