"""Answers that are forged, by somebody off the path who knows targets, addresses and ports but sees
no packet: none becomes a row, none draws a packet, and no good row is lost in silence. FLOOD is how
many there are: 300,000, and by hand 10,000,000."""

import contextlib
import ipaddress
import json
import math
import os
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

from harness import (LAB, QUICK, SCAN4, SCAN6, WORK, Capture, Tap, by_target, case, equal, finish,
	fresh_filters, inside, interrupt, read_rows, shell, start, wait_for)
from .engines import PINNED, _napi, _need, _need_xdp
from .pressure import _stopped, _threads
from .rows import STABLE, sure_signals

FLOOD = int(os.environ.get("FLOOD") or 300000)
SURELY = 12  # so many are expected that there is one: less than once in 100,000 runs there is none
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
FILLS = 500000  # more than the capture's buffer has room for
SOL_PACKET, PACKET_QDISC_BYPASS, PACKET_OUTGOING, SO_RCVBUFFORCE = 263, 20, 4, 33


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


def arrived():
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
	"""What the far end is besides its servers: silent, and refusing; and it notes what comes to
	addresses that no target has. Not to hosts of wall.py and chain.py: for minutes their servers send
	again what boxes there have dropped, and the scanner's kernel knows nothing of it."""
	shell(f"""in_net nft -f - <<-END
		table inet flood {{
		 set strangers4 {{ type ipv4_addr . inet_proto; flags dynamic; size 1024; }}
		 set strangers6 {{ type ipv6_addr . inet_proto; flags dynamic; size 1024; }}
		 chain watch {{ type filter hook prerouting priority raw;
		  ip daddr 198.19.32.0-198.19.127.255 accept
		  ip6 daddr 2001:2:0:20::-2001:2:0:6f:ffff:ffff:ffff:ffff accept
		  iifname net0 ip daddr != {PREFIX4}/24 ip protocol != udp \
		   add @strangers4 {{ ip daddr . ip protocol }}
		  iifname net0 ip6 daddr != {PREFIX6}/120 meta l4proto tcp \
		   add @strangers6 {{ ip6 daddr . meta l4proto }}
		  iifname net0 icmpv6 type < 130 add @strangers6 {{ ip6 daddr . meta l4proto }}
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
	"""Addresses, and protocols, of what came to who is no target"""
	text = subprocess.run("ip netns exec net nft -j list sets table inet flood".split(),
		check=True, capture_output=True, text=True).stdout
	return [who for s in json.loads(text)["nftables"] if "set" in s for who in s["set"].get("elem", [])]


class Scan:
	"""One scan that has ended. beside(n) is called again and again while it runs, with how many
	packets it has sent."""

	def __init__(self, args, beside=lambda n: None):
		files = {name: f"{WORK}/forged.{name}" for name in ("rows", "err", "json")}
		self.peak_kb, start_s = 0, time.monotonic()
		with Capture() as self.capture, open(files["err"], "w") as err:
			before = arrived()
			process = start([*args, "-o", files["rows"], "-m", files["json"]], stderr=err,
				stdout=subprocess.DEVNULL)
			while process.poll() is None:
				self.peak_kb = _peak_kb(process, self.peak_kb)
				beside(arrived() - before)
				time.sleep(0.002)
				assert time.monotonic() < start_s + 600, "it does not end"
			self.packets = arrived() - before
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

	def check_sent(self, most=()):
		"""To targets alone, all from the ports of its SYNs, and no more than the plan has; most: of
		requests, and of SYNs with data"""
		equal(_strangers(), [], "who was sent to and is no target")
		packets = self.capture._packets()
		nets = [ipaddress.ip_network(net) for net in (f"{PREFIX4}/24", f"{PREFIX6}/120")]
		ours = [answer for answer in packets.stray if answer[0][2] in (SCAN4, SCAN6)
			and any(ipaddress.ip_address(answer[0][0]) in net for net in nets)]
		assert not ours, f"{len(ours)} packets that belong to no SYN: {ours[:3]}"
		for target, flows in packets.flows.items():
			for n, has_data in zip(most, (False, True)):
				equal(sum(f.is_data == has_data for f in flows) <= n, True, f"SYNs to {target}")
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
				quiet.check_sent((3, 3))
				equal(len(quiet.rows), TARGETS, "rows of a quiet scan")
				loud = Scan([*SCAN, *engines], _flood(flooder, quiet.packets))
				expected = _expected_false(flooder.kinds,
					max(int(row["tfo_dlen"]) for row in quiet.rows.values()))
				_tell(name, quiet, loud, flooder, expected)
				loud.check_sent((3, 3))
		finally:
			_napi(False)
		assert flooder.sent > FLOOD / 10, f"the flood came too late: {flooder.kinds}"
		_check_rows(quiet, loud, expected)
		came = loud.counters["drop_unmatched"] + loud.counters["rsts_bare"]
		assert came + loud.lost + loud.capture.lost >= flooder.sent, \
			f"{flooder.sent} forged, {came} seen, {loud.lost} lost: {loud.counters}"
		# Of the RSTs without ACK; where little of the flood was in time perhaps none
		ours = flooder.kinds["bare"] * came / flooder.sent * PARTS / (SOURCE_PORTS[1] - SOURCE_PORTS[0])
		assert ours < SURELY or loud.counters["rsts_bare"], f"none had a port of ours: {loud.counters}"
		assert loud.peak_kb < quiet.peak_kb + MORE_KB, f"{quiet.peak_kb} KiB, then {loud.peak_kb}"
	return check


# What other scans left open is sent again, and the scanner's kernel answers it.
case("forged/packet", fresh=True)(_flooded("packet", "--tx", "packet"))
case("forged/xdp", fresh=True)(_flooded("xdp", "--tx", "xdp", "--rx", "xdp"))


# ---- more than there is room for ----

@case("forged/overflow")
def who_is_silent_while_answers_are_lost_is_unfinished():
	"""The receive thread gets no time, the flood fills its buffer, and then servers answer."""
	n, meta, rows = 512, f"{WORK}/overflow.json", f"{WORK}/overflow.rows"
	with _watched(), Flooder() as flooder:
		shell("in_net nft insert rule inet flood stand tcp dport 81 drop")
		before = arrived()
		# A time-out in which the threads can be stopped on a busy machine, too.
		process = start(["--no-default-blocklist", "-c", 1, "--timeout", 5, *PINNED, f"{PREFIX4}/24",
			f"{PREFIX6}/120", "-p", 81, "--report", "all", "--retries", 1, "-r", 2000, "--rx", "pcap",
			"-m", meta, "-o", rows])
		wait_for(lambda: arrived() - before >= n, "all first SYNs")
		with _stopped(_threads(process, "receive")[0]):
			with _stopped(_threads(process, "send")[0]):
				flooder.send(FILLS)
				shell("in_net nft flush chain inet flood stand")
			wait_for(lambda: arrived() - before >= 2 * n, "all second SYNs")
		run = finish(process)
	equal(run.status, 0, "exit status: " + run.err)
	with open(meta) as f:
		metadata = json.load(f)
	losses = metadata["counters"]["losses"]
	assert losses["drop_capture"], f"the flood was not too much: {losses}"
	assert not metadata["sound"] and "drop_capture" in run.err, run.err
	with open(rows, newline="") as f:
		found = by_target(read_rows(f.read()))
	equal({row["verdict"] for row in found.values()} - {"closed"}, set(), "false verdicts")
	assert len(found) < n, "no answer was lost"
	equal(losses["unfinished"], n - len(found), "unfinished")


# ---- a flood that does not end ----

def _endless(*args):
	"""A scan beside a flood that goes on until the scan has ended"""
	over = threading.Event()

	def run(flooder):
		while not over.is_set():
			flooder.send(5000)
	with _watched(), Flooder() as flooder:
		thread = threading.Thread(target=run, args=(flooder,))
		tap = Tap()
		process = start(["--no-default-blocklist", "-c", 1, f"{PREFIX4}/24", "-r", 500, *args])
		tap.wait_syns(10)
		thread.start()
		try:
			yield process, flooder
		finally:
			over.set()
			thread.join()


def _stop(*engines):
	def check():
		_napi(True)
		try:
			if engines:
				_need(engines[1])
			with contextmanager(_endless)("-p", SILENT, "--timeout", 600, *engines) as (process, flooder):
				wait_for(lambda: flooder.sent, "the flood")
				interrupt(process)
				run = finish(process)
				equal(run.status, 4, "exit status: " + run.err)
			with contextmanager(_endless)("-p", "7,9", "-n", 100, "--timeout", 1, *engines) as (process, flooder):
				run = finish(process)
				equal(run.status, 0, "exit status: " + run.err)
				equal(len(run.rows), 100, "rows")
		finally:
			_napi(False)
	return check


case("forged/stop-packet")(_stop())
case("forged/stop-xdp")(_stop("--tx", "xdp", "--rx", "xdp"))
case("forged/stop-tc")(_stop("--tx", "tc"))


# ---- genuine answers that come again ----

class Replayer:
	"""At the servers' end: sends each answer that leaves 100 times at once, and when it is told all
	that left so far once more"""

	def __init__(self):
		with inside("net"):
			self._in, self._out = (socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
				for _ in range(2))
			self._in.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
			self._in.bind(("net0", 3))
			self._out.bind(("net0", 0))
		self._out.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)  # is not seen to leave
		self._in.settimeout(0.1)
		self._end = threading.Event()
		self._thread = threading.Thread(target=self._run)
		self._answers, self.sent = [], 0
		self._thread.start()

	def _send(self, frame, times):
		for _ in range(times):
			with contextlib.suppress(BlockingIOError, OSError):
				self._out.send(frame)
				self.sent += 1

	def _run(self):
		while not self._end.is_set():
			with contextlib.suppress(TimeoutError):
				frame, (_, _, kind, *_) = self._in.recvfrom(2048)
				if kind == PACKET_OUTGOING:
					self._answers.append(frame)
					self._send(frame, 100)

	def again(self):
		for frame in list(self._answers):
			self._send(frame, 1)

	def close(self):
		self._end.set()
		self._thread.join()
		self._in.close()
		self._out.close()


def _replayed(*args):
	def check():
		scan = [*QUICK, *PINNED, f"{PREFIX4}/27", f"{PREFIX6}/123", "-p", "7,9,77,81", "-r", 100,
			"--report", "all", *args]
		with _watched():
			quiet = Scan(scan)
			replayer, parts = Replayer(), []

			def beside(progress):
				if progress * 4 // quiet.packets > len(parts):
					parts.append(progress)
					replayer.again()
			try:
				loud = Scan(scan, beside)
			finally:
				replayer.close()
			for scanned in (quiet, loud):
				scanned.check_sent()
		assert replayer.sent > 100 * len(quiet.rows), f"{replayer.sent} replayed"
		_check_rows(quiet, loud, 0)
		n = loud.counters
		assert n["duplicates"] + n["retransmissions"] + n["expired"] + loud.lost > len(quiet.rows), n
	return check


case("forged/replay-survey", fresh=True)(_replayed())
case("forged/replay-full", fresh=True)(_replayed("--plan", "full", "--confirm", 0))
