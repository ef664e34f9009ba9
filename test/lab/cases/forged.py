"""Answers that are forged, by somebody off the path who knows targets, addresses and ports but sees
no packet: none becomes a row, none draws a packet, and no good row is lost in silence. FLOOD is how
many there are: 300,000, and by hand 10,000,000."""

import json
import math
import os
import subprocess
import time
from contextlib import contextmanager

from harness import (LAB, QUICK, SCAN4, SCAN6, WORK, Capture, by_target, case, equal,
	fresh_filters, inside, read_rows, shell, start)
from .engines import PINNED, _napi, _need_xdp
from .rows import STABLE, sure_signals

FLOOD = int(os.environ.get("FLOOD") or 300000)
PREFIX4, PREFIX6 = "198.18.96.0", "2001:2:0:18::9600"
SILENT, REJECTED = 70, 77
PORTS = 7, 9, SILENT, REJECTED, 81
TARGETS = 2 * 256 * len(PORTS)
SOURCE_PORTS = 10000, 32767
PARTS = 3 + 2 * 3  # kinds and attempts: three of request, two times three of data
FLOOD_PPS = 250000  # less than a core forges: the scan lasts twice as long as that, as it sends
RATE = min(1000, int(TARGETS / (FLOOD / FLOOD_PPS)))  # some two packets a target
SCAN = [*QUICK, *PINNED, f"{PREFIX4}/24", f"{PREFIX6}/120", "-p", ",".join(map(str, PORTS)),
	"--report", "all", "--retries", 2, "-r", RATE, "-s", "-".join(map(str, SOURCE_PORTS))]
SAME = [name for name in STABLE if name != "probes"]  # a late answer costs one more
FALSE_ALARM = 1e-4  # how likely a sound tfomap may fail one of these cases, at most
MORE_KB = 4096  # of memory


class Flooder:
	"""flood.c, at the servers' end of the cable; kinds: what it has sent"""

	def __init__(self):
		shell(f". {LAB}/servers.sh; lab_program flood {LAB}/flood.c {LAB}/persona_wire.c")
		self._process = subprocess.Popen(["ip", "netns", "exec", "net", f"{WORK}/flood", "net0",
			"02:00:00:00:00:02", "1", "-".join(map(str, SOURCE_PORTS)), SCAN4, PREFIX4, SCAN6, PREFIX6,
			*map(str, PORTS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
		self.kinds = {}

	def send(self, n):
		print(n, file=self._process.stdin)
		self.kinds = json.loads(self._process.stdout.readline())

	@property
	def sent(self):
		return sum(self.kinds.values())

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self._process.kill()
		self._process.communicate()


def _arrived():
	"""Packets that came to the servers' end"""
	with inside("net"), open("/proc/thread-self/net/dev") as lines:
		return int(next(line for line in lines if "net0:" in line).split(":")[1].split()[1])


def _peak_kb(process, before):
	try:
		with open(f"/proc/{process.pid}/status") as lines:
			found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
	except (FileNotFoundError, ProcessLookupError):
		found = []
	return max([before, *found])


@contextmanager
def _watched():
	"""What the far end is besides its servers: silent, and refusing; and it counts what comes to
	addresses that no target has."""
	nobodys = "counter name strangers"
	shell(f"""in_net nft -f - <<-END
		table inet flood {{
		 counter strangers {{ }}
		 chain watch {{ type filter hook prerouting priority raw;
		  iifname net0 ip daddr != {PREFIX4}/24 ip protocol != udp {nobodys}
		  iifname net0 ip6 daddr != {PREFIX6}/120 meta l4proto tcp {nobodys}
		  iifname net0 icmpv6 type < 130 {nobodys}
		 }}
		 chain stand {{ type filter hook input priority filter;
		  tcp dport {SILENT} drop
		  tcp dport {REJECTED} reject with icmpx admin-prohibited
		 }}
		}}
	END""")
	try:
		yield
	finally:
		shell("in_net nft delete table inet flood")
		fresh_filters()


def _strangers():
	text = subprocess.run("ip netns exec net nft -j list counters table inet flood".split(),
		check=True, capture_output=True, text=True).stdout
	return sum(c["counter"]["packets"] for c in json.loads(text)["nftables"] if "counter" in c)


class Scan:
	"""One scan that has ended. beside(n) is called again and again while it runs, with how many
	packets it has sent."""

	def __init__(self, args, beside=lambda n: None):
		files = {name: f"{WORK}/forged.{name}" for name in ("rows", "err", "json")}
		self.peak_kb, start_s = 0, time.monotonic()
		with Capture() as self.capture, open(files["err"], "w") as err:
			before = _arrived()
			process = start([*args, "-o", files["rows"], "-m", files["json"]], stderr=err,
				stdout=subprocess.DEVNULL)
			while process.poll() is None:
				self.peak_kb = _peak_kb(process, self.peak_kb)
				beside(_arrived() - before)
				time.sleep(0.002)
				assert time.monotonic() < start_s + 600, "it does not end"
			self.packets = _arrived() - before
		self.took_s = time.monotonic() - start_s
		with open(files["err"]) as f:
			self.err = f.read()
		equal(process.returncode, 0, "exit status: " + self.err[-2000:])
		with open(files["rows"], newline="") as f:
			self.rows = by_target(read_rows(f.read()))
		with open(files["json"]) as f:
			self.metadata = json.load(f)
		self.counters = {name: n for group in self.metadata["counters"].values()
			for name, n in group.items()}

	@property
	def lost(self):
		"""Packets that its capture and its interface had no room for, as it says"""
		return self.counters["drop_capture"] + self.counters["drop_interface"]

	def check_sent(self):
		"""To targets alone, no more than the plan has, and all from the ports of its SYNs"""
		equal(_strangers(), 0, "packets to who is no target")
		packets = self.capture._packets()
		ours = [answer for answer in packets.stray if answer[0][2] in (SCAN4, SCAN6)]
		assert not ours, f"{len(ours)} packets that belong to no SYN: {ours[:3]}"
		for target, flows in packets.flows.items():
			requests, data = (sum(f.is_data == which for f in flows) for which in (False, True))
			assert requests <= 3 and data <= 3, f"{target}: {requests} requests, {data} with data"
			resets = sum(flow.closing.count("R") for flow in flows)
			assert resets <= 2 * len(flows), f"{target}: {resets} resets for {len(flows)} SYNs"
			if target in self.rows:
				equal(self.rows[target]["probes"], str(len(flows)), f"SYNs to {target}")


def _same(row):
	row = row | {"signals": ";".join(sorted(sure_signals(row)))}
	return {name: row[name] for name in SAME}


def _check_rows(quiet, loud, expected_false):
	"""The same rows; of what was lost the scan has told, and has no row. So many may be false."""
	false = [(target, row["verdict"], quiet.rows.get(target, {}).get("verdict"))
		for target, row in loud.rows.items()
		if target not in quiet.rows or _same(row) != _same(quiet.rows[target])]
	allowed = 0
	while _more_than(allowed, expected_false) > FALSE_ALARM:
		allowed += 1
	assert len(false) <= allowed, f"{len(false)} false rows, {expected_false:.3g} expected: {false[:3]}"
	missing = len(quiet.rows.keys() - loud.rows.keys())
	equal(loud.counters["unfinished"], missing, "unfinished, and rows that are missing")
	assert not missing or loud.lost, f"{missing} rows are missing, and nothing was lost"
	equal(loud.metadata["sound"], not loud.lost, "sound")
	assert not loud.lost or "may " in loud.err, loud.err


def _more_than(n, mean):
	"""The chance of more than n, by Poisson"""
	return 1 - math.exp(-mean) * sum(mean**i / math.factorial(i) for i in range(n + 1))


def _expected_false(kinds, dlen):
	"""FORGED ANSWERS of tfomap(8): of packets that lie about all that they can"""
	numbers = (kinds["synack"] + kinds["cookie"] + kinds["rst"]) * (dlen + 1) + kinds["icmp"]
	return numbers / ((SOURCE_PORTS[1] - SOURCE_PORTS[0] + 1) // PARTS * 2**32)


def _flood(flooder, packets):
	"""Ends when the scan has half of its packets out, on a slow machine nine tenths."""
	def run(progress):
		due = min(FLOOD, FLOOD * progress * 2 // packets) - flooder.sent
		if due > 0 and progress < packets * 9 // 10:
			flooder.send(min(due, 5000))
	return run


def _tell(name, quiet, loud, flooder, expected):
	"""For who runs it by hand"""
	if "FLOOD" in os.environ:
		shown = ("received", "drop_unmatched", "rsts_bare", "drop_parse", "drop_capture",
			"drop_interface", "unfinished", "waits_receiver")
		print(f"{name}: forged {flooder.sent} {flooder.kinds}; rows {len(quiet.rows)} quiet, "
			f"{len(loud.rows)} flooded; false rows expected {expected:.2g}; peak KiB {quiet.peak_kb}, "
			f"{loud.peak_kb}; s {quiet.took_s:.1f}, {loud.took_s:.1f}; lost on the cable "
			f"{loud.capture.lost}; " + ", ".join(f"{n} {loud.counters[n]}" for n in shown),
			flush=True)


def _flooded(name, *engines):
	def check():
		_napi(True)
		try:
			if "--tx" in engines:
				_need_xdp()
			with _watched(), Flooder() as flooder:
				quiet = Scan([*SCAN, *engines])
				quiet.check_sent()
				equal(len(quiet.rows), TARGETS, "rows of a quiet scan")
				loud = Scan([*SCAN, *engines], _flood(flooder, quiet.packets))
				expected = _expected_false(flooder.kinds,
					max(int(row["tfo_dlen"]) for row in quiet.rows.values()))
				_tell(name, quiet, loud, flooder, expected)
				loud.check_sent()
		finally:
			_napi(False)
		assert flooder.sent > FLOOD / 10, f"the flood came too late: {flooder.kinds}"
		_check_rows(quiet, loud, expected)
		came = loud.counters["drop_unmatched"] + loud.counters["rsts_bare"]
		assert came + loud.lost + loud.capture.lost >= flooder.sent, \
			f"{flooder.sent} forged, {came} seen, {loud.lost} lost: {loud.counters}"
		assert loud.counters["rsts_bare"], "none had a port of ours: " + str(loud.counters)
		assert loud.peak_kb < quiet.peak_kb + MORE_KB, f"{quiet.peak_kb} KiB, then {loud.peak_kb}"
	return check


case("forged/packet")(_flooded("packet", "--tx", "packet"))
case("forged/xdp")(_flooded("xdp", "--tx", "xdp", "--rx", "xdp"))
