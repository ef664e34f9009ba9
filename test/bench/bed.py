"""What the parts of the bench stand on: the two ends of the cable, a measured run, figures."""

import os
import statistics
import subprocess
from dataclasses import dataclass, field

WORK = "/run/lab"
BIN = os.environ["BENCH_BIN"]
MOST_S = 120  # a run
RUNS = int(os.environ.get("RUNS", "5"))
GEN = ["nsenter", "--net=/run/netns/gen"]
SINK = ["nsenter", "--net=/run/netns/sink"]


class Skip(Exception):
	"""Why something cannot be measured here"""


@dataclass
class Counts:
	"""far.h"""
	packets: int = 0
	first_ns: int = 0
	last_ns: int = 0
	timed: int = 0
	syns: int = 0
	requests: int = 0
	data: int = 0
	resets: int = 0
	acks: int = 0
	answered: int = 0
	responses: int = 0
	exceeded: int = 0

	@property
	def active_s(self):
		return max(self.last_ns - self.first_ns, 1) / 1e9

	@property
	def pps(self):
		return (self.timed - 1) / self.active_s if self.timed > 1 else 0.0


@dataclass
class Measured:
	status: int
	start_ns: int
	end_ns: int
	cpu_s: float
	peak_kb: int
	said: str
	far: Counts = field(default_factory=Counts)

	@property
	def cpu_ns(self):
		"""CPU time a packet at the far end"""
		return self.cpu_s * 1e9 / max(self.far.packets, 1)


class Far:
	"""A program at one end of the cable, far.c; it is gone when this is left"""

	def __init__(self, mode, where=None, interface="sink0"):
		self._process = subprocess.Popen([*(where or SINK), f"{BIN}/far", mode, interface],
			stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
			text=True, bufsize=1)
		self.how = self._process.stdout.readline().strip()
		if not self.how:
			raise Skip(" ".join(self._process.communicate()[1].split()))
		if self.how == "poll":
			subprocess.run([*SINK, "nft", "table netdev sink { chain gate { type filter "
				"hook ingress device sink0 priority 0; policy drop; }; }"], check=True)

	def take(self):
		self._process.stdin.write("\n")
		return Counts(*map(int, self._process.stdout.readline().split()))

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self._process.communicate()


def sink():
	return Far("sink")


class Trickle:
	"""Ten frames a second toward the sender. masscan's receiver ends only after a packet came, and
	a sink gives it none."""

	SEND = ("import socket, time\n"
		"s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n"
		"s.bind(('sink0', 0))\n"
		"while not time.sleep(0.1):\n"
		"	s.send(bytes.fromhex('020000000002' '020000000001' '88b5') + bytes(46))\n")

	def __enter__(self):
		self._process = subprocess.Popen([*SINK, "python3", "-c", self.SEND])

	def __exit__(self, *_):
		self._process.terminate()
		self._process.wait()


def near():
	"""What a veth needs to take what its peer sends by XDP_TX, where tfomap attaches nothing"""
	return Far("pass", GEN, "gen0")


def measure(far, command, may_fail=False):
	"""COMMAND run in the sender's namespace; `far`, if any, starts to count anew"""
	if far:
		far.take()
	words = [*map(str, command)]
	try:
		done = subprocess.run([*GEN, f"{BIN}/measure", *words], check=True, text=True,
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
			timeout=MOST_S)
	except subprocess.TimeoutExpired as e:
		raise Skip(f"not done after {MOST_S} s: {' '.join(words)}") from e
	status, start, end, user, system, peak = map(int, done.stdout.split())
	run = Measured(status, start, end, (user + system) / 1e6, peak, done.stderr.strip())
	if far:
		run.far = far.take()
	if status and not may_fail:
		print(f"exit status {status}: {' '.join(words)}\n{run.said[-500:]}")
	return run


def interleave(far, tools, runs=RUNS):
	"""{name: command} run one after the other, so many times: {name: [Measured]}"""
	done = {name: [] for name in tools}
	for _ in range(runs):
		for name, command in tools.items():
			done[name].append(measure(far, command))
	return done


def median(values):
	return statistics.median(values)


def figure(name, value, unit):
	print(f"bench {name} {value:.6g} {unit}", flush=True)
