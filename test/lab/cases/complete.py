"""Plan complete: what comes after the handshake, through boxes that let every handshake pass (wall.sh,
wall.py). The truth is what a client of the kernel gets there, which sends the same bytes."""

import collections
import os
import socket
import struct
import subprocess
import threading

import wall
from harness import (WORK, Capture, Skip, by_target, case, command, each_twin, equal, finish, inside,
	listed, once, shell, spell, start, tfomap, together, write)
from .engines import PINNED, _napi, _need_xdp_rx
from .rows import sure_signals

TIMEOUT_S = 1.5
ARGS = ["--no-default-blocklist", "--plan", "complete", "--timeout", TIMEOUT_S, "-c", 2, "-O",
	"ndjson", "-f", "*"]
MOST_LEN = 65536  # of a response that is read
SEGMENT_LEN = 1460
FIRST_SEGMENTS = 10 + 1  # RFC 6928; a loss probe (RFC 8985 7.3)
STAMP_LEN = 12  # by which the kernel's segments are shorter: its clients have timestamps
SCALE = int(os.environ.get("COMPLETE") or 1000)  # sound servers; by hand 10000
TCP_FASTOPEN_CONNECT = 30
TCPI_OPTIONS = 5  # in struct tcp_info
TCPI_OPT_SYN_DATA = 32  # the SYN's data was acknowledged
SYNS_MOST = 3  # of a client, each with a cookie
# Which signals a box may give. Where the server alone was reset, it says so if it is asked again.
SIGNALS_OF = {"drop-ack": {"ack-lost"}, "drop-both": {"ack-lost"}, "drop-data": {"response-lost"},
	"drop-server": {"response-lost"}, "reset-data": {"response-lost", "reset-after"},
	"reset-ack": {"reset-after"}, "reset-late": {"reset-after"}}
SIGNALS = set.union(*SIGNALS_OF.values())
PAYLOADS = {"knot": "dns", "tls": "tls"}  # of the others: http


@once
def _needed():
	text = subprocess.run(command(["--list-output-fields"]), check=True, stdout=subprocess.PIPE,
		text=True).stdout
	if "plain_response_len" not in text.split():
		raise Skip("--plan complete is not built yet")
	shell("wall_up")


# ---- a client of the kernel ----

class Client(threading.Thread):
	"""One connection: asks, and reads until nothing more comes for as long as tfomap waits"""

	def __init__(self, target, data, is_fast):
		super().__init__()
		self._target, self._data, self._is_fast = target, data, is_fast
		self.got, self.end, self.was_fast = 0, "open", False

	def run(self):
		family = socket.AF_INET6 if ":" in self._target[0] else socket.AF_INET
		with socket.socket(family, socket.SOCK_STREAM) as s:
			s.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, self._is_fast)
			s.settimeout(3 * TIMEOUT_S)
			# Its kernel has nothing to send again once it is closed.
			s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
			try:
				s.connect(self._target)
				s.sendall(self._data)
				while self.end == "open" and self.got < MOST_LEN:
					more = len(s.recv(65536))
					self.got += more
					self.end = "open" if more else "closed"
			except TimeoutError:
				pass
			except OSError:
				self.end = "reset"
			info = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCPI_OPTIONS + 1)
			self.was_fast = bool(info[TCPI_OPTIONS] & TCPI_OPT_SYN_DATA)


def _all(clients):
	with inside("scan"):  # their threads are there, too
		for client in clients:
			client.start()
	for client in clients:
		client.join()


def _fetch(requests, is_fast):
	"""{target: Client} of requests {target: bytes}"""
	clients = {target: Client(target, data, is_fast) for target, data in requests.items()}
	_all(clients.values())
	return clients


def _kernel(requests):
	"""What the kernel's clients get: with fast open, and without"""
	shell("topology_sysctl scan ipv4/tcp_fastopen 1 ipv4/tcp_fastopen_blackhole_timeout_sec 0")
	with_tfo = {target for row in wall.ROWS if row.server != "plain" for target in row.twins}
	fasts = _fetch(requests, True)  # each server's cookie
	for _ in range(SYNS_MOST):
		# On a busy machine a kernel sends its SYN again, without TFO, or has forgotten the cookie.
		slow = {target for target in with_tfo if not fasts[target].was_fast}
		fasts |= _fetch({target: requests[target] for target in slow}, True)
	slow = {target for target in with_tfo if not fasts[target].was_fast}
	assert not slow, f"the kernel's clients did not come to fast open with {slow}"
	return fasts, _fetch(requests, False)


# ---- one scan of all rows ----

def _start(payload):
	rows = [row for row in wall.ROWS if PAYLOADS.get(row.server, "http") == payload]
	lines = (f"{address},{port},{row.server}.lab.test\n" for row in rows
		for address, port in row.twins)
	return start([*ARGS, "--payload", payload, "-I", write(f"complete-{payload}", "".join(lines))])


@once
def _scan():
	"""(rows by target, flows by target, what the kernel got)"""
	_needed()
	shell("wall_rules")
	with Capture(("net", "wall0"), ("wall", "up0"), str(wall.NETS[0][255])) as capture:
		processes = [_start(payload) for payload in ("http", "dns", "tls")]
		runs = [finish(process) for process in processes]
	for run in runs:
		equal(run.status, 0, f"exit status: {run.err[-2000:]}")
	rows = by_target([row for run in runs for row in run.rows])
	requests = {target: next((flow.payload for flow in flows if flow.dlen), b"GET /\r\n\r\n")
		for target, flows in capture.flows.items()}
	return rows, capture.flows, _kernel(requests)


def _len(text):
	return int(text) if text else 0


def _check_len(got, client, whole, what):
	"""Of what is longer than is read, the last segment may go over the end; of what is cut off, it
	is as many segments."""
	if client.got >= MOST_LEN:
		assert MOST_LEN <= got < MOST_LEN + SEGMENT_LEN, f"{what}: {got}"
	elif client.got in (0, whole):
		equal(got, client.got, what)
	else:
		n = -(-client.got // (SEGMENT_LEN - STAMP_LEN))
		assert client.got < got <= client.got + n * STAMP_LEN, f"{what}: {got}, not {client.got}"


def _check_reset_len(got, client, what):
	"""A server that answers at once has sent its first segments before the ACK that draws the RST, and
	one more where that ACK comes later than it expects: the kernel's is faster."""
	most = max(client.got, FIRST_SEGMENTS * SEGMENT_LEN)
	assert client.got <= got <= most, f"{what}: {got}, not {client.got} to {most}"


def _check_lens(row, target, found):
	fasts, plains = _scan()[2]
	whole = fasts[wall.sound(row).twins[":" in target[0]]].got
	for name, client in (("response_len", fasts[target]), ("plain_response_len", plains[target])):
		if row.box in ("reset-ack", "reset-late") and client.end == "reset":
			_check_reset_len(_len(found[name]), client, name)
		else:
			_check_len(_len(found[name]), client, whole, name)


def _verdict(row, found):
	"""By what both connections brought, which is held against what the kernel's did."""
	fast, plain = _len(found["response_len"]), _len(found["plain_response_len"])
	if row.server == "plain":
		return "no-cookie"
	# What the server goes on with behind a RST shows that somebody else sent that.
	is_dead = not fast or row.box in ("drop-ack", "drop-both", "reset-ack", "reset-late")
	return "stalled" if row.whom == "tfo" and plain and is_dead else "accepted"


def _check_row(row, target):
	rows, flows, _ = _scan()
	found = rows[target]
	verdict = _verdict(row, found)
	if row.server != "plain":
		_check_lens(row, target, found)
	equal(found["verdict"], verdict, "verdict")
	signals = listed(found["signals"]) & SIGNALS
	if verdict == "stalled":
		assert len(signals) == 1 and signals <= SIGNALS_OF[row.box], f"signals: {signals}"
	else:
		equal(signals, set(), "signals of what is not stalled")
	equal(int(found["probes"]), len(flows[target]), "probes, as counted behind the scanner")
	unsound = [flow.sport for flow in flows[target] if not flow.sound]
	assert not unsound, f"bad TCP checksums: source ports {unsound}"


def _check_rows(rows):
	def check():
		_scan()
		each_twin(rows, _check_row)
	return check


def _groups():
	found = collections.defaultdict(list)
	for row in wall.ROWS:
		found[f"{row.box}-{row.whom}" if row.box != "none" else "sound"].append(row)
	return found


for _name, _rows in _groups().items():
	case(f"complete/{_name}")(_check_rows(_rows))
together("complete/boxes", "complete/page", "complete/closed",
	*(f"complete/{name}" for name in _groups()))


@case("complete/boxes")
def the_boxes_do_what_they_say():
	"""Read off what the kernel's own clients got: each that acts on TFO alone spoils it, or a part
	of it, and lets its twin be; none that acts on all lets a patient server's answer through."""
	_, _, (fasts, plains) = _scan()
	for row in wall.ROWS:
		for target in row.twins:
			fast, plain = fasts[target], plains[target]
			if row.box == "none" or row.whom == "tfo":
				assert plain.got or row.server == "mute", f"{row.name}: the twin got nothing"
			if row.server == "patient" and row.box not in ("none", "reset-late"):
				equal(fast.got, 0, f"{row.name}: bytes with fast open")
				if row.whom == "all":
					equal(plain.got, 0, f"{row.name}: bytes without")


@case("complete/page")
def the_page_of_the_domain_is_asked_for():
	_, flows, _ = _scan()
	words = {"nginx": b"\r\nHost: nginx.lab.test\r\n", "tls": b"\0\x0ctls.lab.test",
		"haproxy": b"\r\nHost: haproxy.lab.test:8080\r\n", "knot": b"\4knot\3lab\4test\0"}
	for row in wall.ROWS:
		if row.box == "none" and row.server in words:
			for target in row.twins:
				data = [flow.payload for flow in flows[target] if flow.dlen]
				assert data and all(words[row.server] in one for one in data), (target, data)


@case("complete/closed")
def nothing_is_left_open():
	"""Where nothing stands between, no server keeps a connection of a scan that has ended."""
	_scan()
	nets = [str(row.twins[family][0]) for row in wall.ROWS if row.box == "none" for family in (0, 1)]
	text = subprocess.run("ip netns exec shop ss -Htan state established".split(), check=True,
		stdout=subprocess.PIPE, text=True).stdout
	left = [line for line in text.splitlines() for net in nets if f"{net}]:" in line
		or f"{net}:" in line]
	equal(left, [], "connections")


# ---- engines, saved captures ----

def _few(*args):
	"""{target: row} of a patient server and of nginx behind each box, and what was to be said"""
	_needed()
	shell("wall_rules")
	rows = [row for row in wall.ROWS if row.server in ("nginx", "patient")]
	lines = (spell(target) + "\n" for row in rows for target in row.twins)
	run = finish(start([*ARGS, "--payload", "http", "-I", write("complete-few", "".join(lines)),
		*args]))
	equal(run.status, 0, f"exit status: {run.err[-2000:]}")
	found = by_target(run.rows)
	wrong = [f"{row.name} {spell(target)}: {found[target]['verdict']}" for row in rows
		for target in row.twins if found[target]["verdict"] != _verdict(row, found[target])]
	assert not wrong, f"{len(wrong)} of {len(found)} are wrong: " + ", ".join(wrong[:8])
	return found


@case("complete/xdp")
def answers_by_the_engine_in_the_kernel():
	_napi(True)
	try:
		_need_xdp_rx()
		_few("--rx", "xdp")
	finally:
		_napi(False)


@case("complete/saved")
def a_saved_capture_says_the_same():
	saved = f"{WORK}/complete.pcap"
	rows = _few("--save-pcap", saved, *PINNED)
	again = _few("--rx", f"pcap:{saved}", *PINNED)
	names = "verdict response_len plain_response_len probes".split()
	for target, row in rows.items():
		equal([again[target][name] for name in names], [row[name] for name in names],
			f"{spell(target)}: {names} of the saved capture, and of the scan")
		equal(sure_signals(again[target]), sure_signals(row), f"{spell(target)}: signals")


# ---- many ----

@case("complete/many")
def sound_servers_are_never_stalled():
	"""10,000 by hand: COMPLETE=10000 LABS=1 make check-lab CASES=complete/many"""
	_needed()
	half = SCALE // 2
	targets = [(str(net[1 + i]), 80) for net in wall.MANY for i in range(half)]
	path = write("complete-many", "".join(spell(target) + "\n" for target in targets))
	run = tfomap(*ARGS, "-r", 20000, "-I", path, quick=False)
	rows = by_target(run.rows)
	equal(len(rows), len(targets), "rows")
	told = collections.Counter((row["verdict"], row["response_len"], row["plain_response_len"],
		bool(listed(row["signals"]) & SIGNALS)) for row in rows.values())
	equal(len(told), 1, f"different answers of one server: {told}")
	verdict, fast, plain, has_signal = next(iter(told))
	equal((verdict, has_signal), ("accepted", False), "verdict, signals of a stall")
	assert fast == plain and int(fast) > 4000, told
