"""usage: bench.py [speed|start|memory|rate]... - inside the namespaces that `run` made.

Prints tables for people and, for each figure, a line "bench NAME VALUE UNIT". Asserts nothing about
time; a run whose packets did not arrive is said."""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import textwrap
from dataclasses import dataclass

WORK = "/run/lab"
TFOMAP = os.environ["TFOMAP"]
RUNS = 5
PREFIX, TIMES = "198.18.0.0/16", 32  # 2,097,152 packets: 1 to 3 s
GATEWAY = "02:00:00:00:00:01"
BASE = ["--no-default-blocklist", "-c", "1", "-q"]


@dataclass
class Measured:
	status: int
	start_ns: int
	end_ns: int
	cpu_s: float
	peak_kb: int
	n: int  # packets at the far end, the first and the last of them
	first_ns: int
	last_ns: int

	@property
	def pps(self):
		return (self.n - 1) * 1e9 / max(self.last_ns - self.first_ns, 1) if self.n > 1 else 0.0


class Sink:
	def __init__(self):
		self._process = subprocess.Popen(["ip", "netns", "exec", "sink", f"{WORK}/sink", "sink0"],
			stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
		self.how = self._process.stdout.readline().strip()
		if self.how == "poll":
			subprocess.run(["ip", "netns", "exec", "sink", "nft", "table netdev sink { chain gate "
				"{ type filter hook ingress device sink0 priority 0; policy drop; }; }"],
				check=True)

	def take(self):
		self._process.stdin.write("\n")
		return [int(word) for word in self._process.stdout.readline().split()]


def measure(sink, *command):
	sink.take()
	text = subprocess.run(["nsenter", "--net=/run/netns/gen", f"{WORK}/measure",
		*map(str, command)], stdout=subprocess.PIPE, check=True, text=True).stdout
	status, start, end, user, system, peak = map(int, text.split())
	run = Measured(status, start, end, (user + system) / 1e6, peak, *sink.take())
	if status:
		print(f"exit status {status}: {' '.join(map(str, command))}")
	return run


def figure(name, value, unit):
	print(f"bench {name} {value:.6g} {unit}")


def speed(sink):
	"""Active time is from the first to the last packet at the far end, so neither a start-up nor a
	cool-down counts, and only what arrived does. One sender thread each, no rate limit, the same
	number of packets to the same addresses: tfomap to so many ports, zmap (which knows one port)
	so many times."""
	open(f"{WORK}/empty", "w").close()
	tools = {
		"tfomap": [TFOMAP, *BASE, "--tx", "packet", "-r", 0, "-p", f"1-{TIMES}", PREFIX],
		"zmap": ["zmap", "-C", f"{WORK}/empty", "-b", f"{WORK}/empty", "-c", 1, "-q", "-v", 1,
			"--disable-syslog", "-i", "gen0", "-G", GATEWAY, "-T", 1, "-r", 0, "-p", 80,
			"-P", TIMES, "-o", "/dev/null", PREFIX],
	}
	if not shutil.which("zmap"):
		print("zmap is not installed: no comparison")
		del tools["zmap"]
	runs = {name: [] for name in tools}
	for _ in range(RUNS):
		for name, command in tools.items():
			runs[name].append(measure(sink, *command))
	print(f"{'':8}{'median':>12}{'least':>12}{'most':>12}  packets/s; arrived of {65536 * TIMES}")
	medians = {}
	for name, done in runs.items():
		pps = [run.pps for run in done]
		medians[name] = statistics.median(pps)
		arrived = ", ".join(str(run.n) for run in done)
		print(f"{name:8}{medians[name]:12.0f}{min(pps):12.0f}{max(pps):12.0f}  {arrived}")
	for name, median in medians.items():
		figure(f"speed.{name}", median, "packets/s")
		figure(f"speed.{name}.cpu", statistics.median(run.cpu_s * 1e9 / max(run.n, 1)
			for run in runs[name]), "ns/packet")
	if len(medians) == 2:
		ratio = medians["tfomap"] / medians["zmap"] if medians["zmap"] else 0
		print(f"tfomap / zmap = {ratio:.2f}")
		figure("speed.ratio", ratio, "x")


def start(sink):
	"""From exec() to the first packet at the far end, ten addresses."""
	runs = [measure(sink, TFOMAP, *BASE, "-p", 80, "198.18.0.0/29", "198.18.0.8/31")
		for _ in range(RUNS)]
	figure("start.first-packet", statistics.median((run.first_ns - run.start_ns) / 1e6
		for run in runs), "ms")
	figure("start.whole-run", statistics.median((run.end_ns - run.start_ns) / 1e6 for run in runs),
		"ms, of which the cool-down 1000")


def memory(sink):
	"""Peak resident memory, and how long the whole run took: a sweep of the lab's /16 that nobody
	answers, ten million targets of all of IPv4 and of all its ports, a server list of a million
	lines. All but the first go to --tx null, nowhere, and have no cool-down."""
	null = ["--tx", "null", "-r", 0, "--retries", 0]
	ten_million = [*null, "-n", 10000000]
	listed = f"{WORK}/million"
	with open(listed, "w") as f:
		for port in range(1, 17):
			f.writelines(f"198.18.{i >> 8}.{i & 255}:{port}\n" for i in range(62500))
	for name, args in (("sweep-16", ["-r", 0, PREFIX]),
			("sweep-0", [*ten_million, "0.0.0.0/0"]),
			("sweep-0-all-ports", [*ten_million, "-p", "*", "0.0.0.0/0"]),
			("list-1M", [*null, "-I", listed])):
		run = measure(sink, TFOMAP, *BASE, *args)
		figure(f"memory.{name}", run.peak_kb / 1024, "MiB")
		figure(f"memory.{name}.time", (run.end_ns - run.start_ns) / 1e9, "s")


def rate(sink):
	"""Packets over the time from the first to the last at the far end."""
	for pps, n in ((1, 6), (10, 50), (100, 500), (1000, 4000), (10000, 30000), (100000, 300000)):
		run = measure(sink, TFOMAP, *BASE, "-r", pps, "-n", n, "-p", "1-64", PREFIX)
		figure(f"rate.{pps}", run.pps, f"packets/s, {(run.pps / pps - 1) * 100:+.3f} %, "
			f"{run.n} of {n} arrived")
		share = run.cpu_s * 1e9 / (run.end_ns - run.start_ns)
		figure(f"rate.{pps}.cpu", share * 100, "% of a core")


def main(wanted):
	parts = {"speed": speed, "start": start, "memory": memory, "rate": rate}
	if not set(wanted) <= parts.keys():
		print(f"usage: test/bench/run [{'|'.join(parts)}]...", file=sys.stderr)
		return 2
	sink = Sink()
	print(f"{os.cpu_count()} cores, Linux {platform.release()}; the far end counts by {sink.how}")
	for name, part in parts.items():
		if not wanted or name in wanted:
			about = " ".join(part.__doc__.split())
			print("\n" + textwrap.fill(f"{name}: {about}", 100), flush=True)
			part(sink)
	return 0


sys.exit(main(sys.argv[1:]))
