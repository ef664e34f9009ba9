"""Engines and send threads: whatever sends it, a scan is the same packets and the same rows."""

import collections
import functools
import json
import os
import re
import socket
import subprocess
import time
from contextlib import contextmanager

from harness import (HOSTS, QUICK, Skip, Tap, by_target, captured, case, check_rows, equal, finish,
	fresh_filters, host, interrupt, shell, start, tfomap, together, write)
from truth import FAR_END, WORK, Capture, inside, syn_counters, wait_for
from wire import read_pcap
from .link import ADDRESSES, GATEWAYS, THERE4, bare, run_bare
from .rows import stable

# Nobody listens at these ports: nothing is asked beyond the sweep.
MANY = ["198.18.4.0/24", "198.18.7.0/25", "198.18.9.16/28", "198.18.9.40", "2001:2:0:18::4:0/120",
	"2001:2:0:18::9:40/122", "-p", "81,83,2000-2002"]
LARGE = ["198.18.16.0/20", "2001:2:0:18::10:0/116", "-p", "82-85"]
SILENT = ["198.18.0.8/32", "2001:2:0:18::8/128", "-p", 71, "--retries", 2]
# All but those with a short queue, which tells how often they were asked before.
SERVERS = ["198.18.0.1/32", "198.18.0.2/32", "198.18.0.4/30", "198.18.0.8/29", "2001:2:0:18::2/128",
	"2001:2:0:18::4/126", "2001:2:0:18::8/125", "-p", "7,9,71-74,80,81,443", "--retries", 2,
	"--confirm", 0]
SWEEPS = {
	"prefixes": MANY,
	"shards": [*MANY, "--shards", 3, "--shard", 1, "-n", 2000],
	"options": [*MANY, "--tcp-options", "linux", "-S", "198.19.0.2,198.19.9.9,2001:2:0:ff::2"],
	"path": [*MANY, "--plan", "path", "--retries", 0],
	"retries": SILENT,
	"paired-retries": [*SILENT, "--plan", "path"],
	"threads": [*LARGE, "-r", "200K", "-T", 2],
}
# The same for server lists: what a list says, and the other words.
HOST_LINES = "".join(f"198.18.{i % 7 + 4}.{i}\n" for i in range(1, 250))
PAIR_LINES = "".join(f"198.18.{i % 5 + 4}.{i}:{2000 + i % 9}\n" for i in range(1, 250))
V6_LINES = "".join(f"2001:2:0:18::4:{i:x}\n[2001:2:0:18::5:{i:x}]:{81 + i % 3}\n"
	for i in range(1, 120))
LISTS = {
	"list": (PAIR_LINES, ["--retries", 0]),
	"list-ports": (HOST_LINES + PAIR_LINES, ["-p", "81,83,2000-2002", "--retries", 0]),
	"list-ipv6": (V6_LINES, ["-p", "81,83", "--retries", 0]),
	"list-mixed": (HOST_LINES + V6_LINES + PAIR_LINES, [*MANY, "--retries", 0]),
	"list-path": (HOST_LINES + V6_LINES, ["-p", "81,83", "--plan", "path", "--retries", 0]),
	"list-retries": ("198.18.0.8\n[2001:2:0:18::8]:71\n", ["-p", 71]),
	"list-threads": ("".join(f"198.18.{16 + i // 256}.{i % 256}\n" for i in range(4096)),
		["-p", "82-85", "-r", "200K", "-T", 2, "--retries", 0]),
}
IN_KERNEL = ("xdp", "tc")
PINNED = ["--key", "000102030405060708090a0b0c0d0e0f", "--seed", 5]


def _frames(path):
	"""Every SYN, byte for byte, and how often it is there, but for the source's MAC address,
	which what is written to a file has not"""
	found = collections.Counter()
	for _, frame in read_pcap(path):
		v4 = frame[12:14] == bytes((8, 0))
		tcp = frame[14 + (20 if v4 else 40):]
		if frame[23 if v4 else 20] == socket.IPPROTO_TCP and tcp[13] & 0x12 == 0x02:
			found[frame[:6] + frame[12:]] += 1
	return found


def _written(args):
	"""What --tx packet would send, which --tx pcap: writes"""
	path = f"{WORK}/written.pcap"
	tfomap(*PINNED, *args, "--tx", f"pcap:{path}", "-G", "02:00:00:00:00:01")
	return _frames(path)


def _seen(engine, args):
	"""What that engine sent, at the far end, and how many packets got lost before they were seen"""
	path = f"{WORK}/seen.pcap"
	with Capture() as capture:
		tfomap(*PINNED, *args, "--tx", engine)
	subprocess.run(["editcap", "-F", "pcap", capture.path, path], check=True)
	return _frames(path), capture.lost


def _napi(is_on):
	"""A veth takes frames by XDP while its other end has GRO (or an XDP program)."""
	shell(f"ip netns exec net ethtool -K net0 gro {'on' if is_on else 'off'}")


@functools.cache
def _need(engine):
	"""One that sweeps in the kernel is not to be had everywhere. Whoever asks for xdp has NAPI on."""
	run = tfomap("198.18.7.0/30", "-p", 81, "--tx", engine, expect=None)
	if run.status:
		raise Skip(run.err.strip())


def _need_xdp():
	_need("xdp")


@functools.cache
def _need_xdp_rx():
	run = tfomap("198.18.7.0/30", "-p", 81, "--rx", "xdp", expect=None)
	if run.status:
		raise Skip(run.err.strip())


def _compare(engine, args):
	"""No frame is another; and none is missing but for what cable and capture say they lost"""
	written = _written(args)
	assert written, "nothing was to be sent"
	seen, lost = _seen(engine, args)
	missing, more = written - seen, seen - written
	assert not more, f"{len(more)} frames are others: {next(iter(more)).hex()}"
	assert missing.total() <= lost, f"{missing.total()} of {written.total()} frames are missing, " \
		f"{lost} were lost: {next(iter(missing)).hex()}"


def _identical(engine, args, lines=""):
	def check():
		_napi(True)
		try:
			if engine in IN_KERNEL:
				_need(engine)
			_compare(engine, [*args, "-I", write("swept", lines)] if lines else args)
		finally:
			_napi(False)
	return check


for _name, _args in SWEEPS.items():
	for _engine in ("packet", *IN_KERNEL):
		case(f"engines/{_engine}-{_name}")(_identical(_engine, _args))
for _name, (_lines, _args) in LISTS.items():
	for _engine in ("packet", *IN_KERNEL):
		case(f"engines/{_engine}-{_name}")(_identical(_engine, _args, _lines))
case("engines/libnet-prefixes")(_identical("libnet", MANY))


SERVER_PORTS = (7, 9, 71, 72, 73, 74, 80, 81, 443)
SERVER_LINES = "".join(f"198.18.0.{i}:{port}\n[2001:2:0:18::{i:x}]:{port}\n"
	for i in (1, 2, *range(4, 16)) for port in SERVER_PORTS)


def _rows_of(plan, listed, *engines):
	"""As the far end saw it, how often a target was asked, too: that is not the same each time, as a
	late answer, of a busy machine, costs one more."""
	targets = ["-I", write("servers", SERVER_LINES), "--confirm", 0] if listed else SERVERS
	fresh_filters()
	run, capture = captured(*targets, *PINNED, "--plan", plan, *engines)
	if plan == "survey":
		check_rows(run, capture)
	for target, row in by_target(run.rows).items():
		equal(row["probes"], str(len(capture.flows[target])), f"SYNs, {target}")
	return set(stable([row | {"probes": ""} for row in run.rows]))


@functools.cache
def _rows_of_packet(plan, listed):
	return _rows_of(plan, listed, "--tx", "packet")


def _same_rows(plan, *engines, listed=False):
	"""As --tx packet and --rx pcap say"""
	def check():
		_napi(True)
		try:
			_need("tc" if "tc" in engines else "xdp")
			differ = sorted(_rows_of_packet(plan, listed) ^ _rows_of(plan, listed, *engines))
			assert not differ, f"{len(differ)} rows differ: {differ[:2]}"
		finally:
			_napi(False)
	return check


for _plan in ("survey", "path", "full"):
	case(f"engines/rows-tx-{_plan}")(_same_rows(_plan, "--tx", "xdp", "--rx", "pcap"))
	case(f"engines/rows-tc-{_plan}")(_same_rows(_plan, "--tx", "tc"))
	case(f"engines/rows-tx-{_plan}-list")(_same_rows(_plan, "--tx", "xdp", listed=True))
	case(f"engines/rows-tc-{_plan}-list")(_same_rows(_plan, "--tx", "tc", listed=True))
	case(f"engines/rows-rx-{_plan}")(_same_rows(_plan, "--rx", "xdp"))
	case(f"engines/rows-{_plan}")(_same_rows(_plan, "--tx", "xdp", "--rx", "xdp"))
	together(*(f"engines/rows-{_way}{_plan}" for _way in ("", "tx-", "tc-", "rx-")))
	together(*(f"engines/rows-{_way}-{_plan}-list" for _way in ("tx", "tc")))


@case("engines/rx-xdp-leaves")
def the_program_is_gone_with_tfomap():
	def attached():
		links = subprocess.run("ip -n scan link show scan0".split(), check=True,
			capture_output=True, text=True).stdout
		return "prog/xdp" in links
	_need_xdp_rx()
	process = start([*QUICK, "198.18.0.0/16", "-p", "81-83", "-r", "10", "--rx", "xdp"])
	wait_for(attached, "the program on the interface")
	process.kill()
	process.communicate()
	wait_for(lambda: not attached(), "the interface without it")
	# Another program is there: that one stays.
	process = start([*QUICK, "198.18.0.0/16", "-p", "81-83", "-r", "10", "--rx", "xdp"])
	wait_for(attached, "the program on the interface")
	run = tfomap("198.18.0.5/32", "-p", 7, "--rx", "xdp", expect=2)
	assert "--rx xdp" in run.err and "use --rx pcap" in run.err, run.err
	assert attached(), "the first program is gone"
	interrupt(process)
	interrupt(process)
	process.communicate()
	assert not attached(), "the program outlived tfomap"


def _refuses(engine, *others):
	def check():
		for args, status, word in (
				(["198.18.0.5/32", "--save-pcap", f"{WORK}/saved"], 1, "--save-pcap"),
				(["198.18.0.5/32", "--cookie-file", write("cookies", "")], 1, "--cookie-file"), *others):
			run = tfomap(*args, "--tx", engine, expect=status)
			equal(run.out, "", "rows")
			assert word in run.err and "use --tx packet" in run.err, run.err
	return check


# The cable's end does not take frames by XDP.
case("engines/xdp-refuses")(_refuses("xdp", (["198.18.0.5/32"], 2, "")))
case("engines/tc-refuses")(_refuses("tc"))


def _asks(engine):
	"""Neighbours are asked for by packets."""
	def check():
		_napi(True)
		try:
			_need(engine)
		finally:
			_napi(False)
		_ask(engine)
	return check


def _ask(engine):
	nginx = HOSTS["nginx"]
	with bare(ADDRESSES + GATEWAYS + "ip netns exec net ethtool -K net1 gro on"):
		run = run_bare(f"{nginx.v4}/32", f"{nginx.v6}/128", "-p", nginx.port, "--tx", "packet")
		equal([row["verdict"] for row in run.rows], ["accepted"] * 2, "verdicts of --tx packet")
		shell("ip -n bare neigh flush dev bare0")
		run = run_bare(f"{nginx.v4}/32", f"{nginx.v6}/128", "-p", nginx.port, "--tx", engine)
		equal([row["verdict"] for row in run.rows], ["accepted"] * 2, "verdicts")
		# Each on the link has an address of its own, which no in-kernel sweep knows of.
		run = run_bare(f"{THERE4}/32", "-p", 9, "--tx", engine, expect=1)
		assert "local link" in run.err and "use --tx packet" in run.err, run.err


for _engine in IN_KERNEL:
	case(f"engines/{_engine}-asks")(_asks(_engine))


@contextmanager
def _mtu(n):
	shell(f"ip -n scan link set scan0 mtu {n}")
	try:
		yield
	finally:
		shell("ip -n scan link set scan0 mtu 1500; topology_scan_up")


# Closed ports: each of them answers.
CLOSED = ["198.18.0.0/19", "-p", "82", "--report", "all"]
# ... for two minutes, so that the scan goes on whenever the link is cut.
CLOSED_LONG = ["198.18.0.0/16", "-p", "82-89", "--report", "all"]


@contextmanager
def _ready(name, words):
	"""A change of a host's network that waits to be called, and then takes no time: a scan does not
	wait for programs that a busy machine has yet to start."""
	ip = subprocess.Popen([*FAR_END, "ip", "-n", name, "-batch", "-"], stdin=subprocess.PIPE,
		text=True)

	def change():
		ip.communicate(words + "\n")
		equal(ip.returncode, 0, f"exit status of ip {words}")
	try:
		yield change
	finally:
		ip.kill()
		ip.communicate()


@contextmanager
def _closed_ports(engine, retries, targets):
	"""A scan of closed ports, some of whose SYNs have left: its process and its metadata's file. The
	link is up again behind it."""
	_napi(True)
	try:
		if engine in IN_KERNEL:
			_need(engine)
		tap, meta = Tap(), f"{WORK}/outage.json"
		process = start([*QUICK, *targets, "--retries", retries, "-r", "4K", "--tx", engine, "-m",
			meta])
		tap.wait_syns(100)
		yield process, meta
	finally:
		shell("topology_net_up; topology_scan_up")
		_napi(False)


def _counters(meta):
	with open(meta, encoding="utf-8") as f:
		return json.load(f)["counters"]


DOWN, NO_CARRIER = ("scan", "link set scan0 down"), ("net", "link set net0 down")
UP = {DOWN: "topology_scan_up", NO_CARRIER: "topology_net_up"}
RETRIES = 5  # the other end, too, may take some seconds until it sees that the link is back


def _outage(engine, link, retries=RETRIES):
	"""A link that takes nothing for a second is waited for, and costs no target its verdict. Without a
	retry answers may be lost: who could not be heard is unfinished, never silent."""
	def check():
		with _ready(*link) as cut, _closed_ports(engine, retries, CLOSED) as (process, meta):
			cut()
			time.sleep(1 if retries else 1.6)  # without them the time-out ends while it lasts
			shell(UP[link])
			run = finish(process)
		equal(run.status, 0, f"exit status; it said {run.err}")
		verdicts = collections.Counter(row["verdict"] for row in run.rows)
		others = [row for row in run.rows if row["verdict"] != "closed"]
		counters = _counters(meta)
		losses = counters["losses"]
		equal(verdicts, {"closed": 8192 - (losses["unfinished"] if retries == 0 else 0)},
			f"verdicts; {counters}; {others[:2]}")
		assert counters["sent"]["requeued"] > 0, f"all was sent before the link was cut: {counters}"
		if retries:
			equal([losses[name] for name in ("not_sent", "not_taken", "unfinished")], [0] * 3, "losses")
	return check


for _engine in ("packet", "libnet", *IN_KERNEL):
	case(f"engines/down-{_engine}")(_outage(_engine, DOWN))
	case(f"engines/down-once-{_engine}")(_outage(_engine, DOWN, 0))
	case(f"engines/carrier-{_engine}")(_outage(_engine, NO_CARRIER))
	case(f"engines/carrier-once-{_engine}")(_outage(_engine, NO_CARRIER, 0))


@case("engines/down-unheard")
def who_cannot_answer_yet_is_not_silent():
	"""Behind an outage the other end asks for the scanner's hardware address, here in vain for more
	than a second. Until it knows that, its answers wait, and most are dropped."""
	def hear_requests(is_on):
		with inside("scan"), open("/proc/sys/net/ipv4/conf/all/arp_ignore", "w") as ignore:
			ignore.write("0" if is_on else "8")
	try:
		with _ready(*DOWN) as cut, _closed_ports("packet", 0, CLOSED) as (process, meta):
			cut()
			hear_requests(False)
			shell("ip -n net neigh del 198.19.0.2 dev net0")
			time.sleep(0.5)
			shell(UP[DOWN])
			time.sleep(1.2)
			hear_requests(True)
			run = finish(process)
	finally:
		hear_requests(True)
	equal(run.status, 0, f"exit status; it said {run.err}")
	equal({row["verdict"] for row in run.rows}, {"closed"}, "verdicts")
	counters = _counters(meta)
	assert counters["losses"]["unfinished"] > 4096, f"most were heard: {counters}"


def _lasting_outage(engine, link, state):
	"""... but not for ever; and whoever was not asked has no row."""
	def check():
		with _ready(*link) as cut, _closed_ports(engine, 2, CLOSED_LONG) as (process, meta):
			cut()
			run = finish(process)
		equal(run.status, 3, f"exit status; it said {run.err}")
		for words in (f"scan0 {state}: nothing can be sent; waiting",
				"cannot send on interface scan0", f"it {state} for 10"):
			assert words in run.err, f"{words}: {run.err}"
		equal({row["verdict"] for row in run.rows} - {"closed"}, set(), "other verdicts")
		counted = _counters(meta)
		equal(len(run.rows) + counted["losses"]["unfinished"], counted["state"]["targets_started"],
			"rows and unfinished, and what was started")
	return check


case("engines/no-carrier")(_lasting_outage("packet", NO_CARRIER, "has no carrier"))
for _engine in IN_KERNEL:
	case(f"engines/{_engine}-down")(_lasting_outage(_engine, DOWN, "is down"))


@case("engines/mtu")
def what_does_not_fit_is_not_sent():
	target, long = host("listener"), ("--payload", "text:" + "x" * 1000)
	before = syn_counters()
	with _mtu(600):
		run = tfomap(target, *long, expect=1)
		equal(run.out, "", "rows")
		assert "MTU of 600" in run.err and "--payload" in run.err, run.err
		equal(syn_counters(), before, "SYNs at the far end before and after")
		equal([row["verdict"] for row in tfomap(target).rows], ["accepted"], "a short payload")


def _lower_mtu(engine):
	"""What was let in at the start does not fit any more: that is the end, and no verdict."""
	def check():
		_napi(True)
		try:
			if engine in IN_KERNEL:
				_need(engine)
			tap, meta = Tap(), f"{WORK}/mtu.json"
			process = start([*QUICK, "198.18.0.0/16", "-p", HOSTS["listener"].port, "--payload",
				"text:" + "x" * 1000, "-r", "4K", "--tx", engine, "-m", meta])
			tap.wait_syns(1000)
			with _mtu(600):
				run = finish(process)
			equal(run.status, 3, "exit status")
			assert "scan0: Message too long: its MTU is lower" in run.err, run.err
			verdicts = {row["verdict"] for row in run.rows}
			assert verdicts <= {"accepted", "cookie-only"}, verdicts
		finally:
			_napi(False)
	return check


for _engine in ("packet", *IN_KERNEL):
	case(f"engines/lower-mtu-{_engine}")(_lower_mtu(_engine))


def _stops(engine):
	"""Asked to stop it sends nothing more."""
	_napi(True)
	try:
		_need(engine)
		tap, meta = Tap(), f"{WORK}/stopped.json"
		before = syn_counters()[0]
		# A reset may come before a SYN/ACK: a second more than its time.
		process = start(["--no-default-blocklist", "--timeout", "1", "-c", "3", "198.18.0.0/16",
			"-p", "82-85", "-r", "20K", "--tx", engine, "-m", meta])
		tap.wait_syns(100)
		interrupt(process)
		run = finish(process)
		equal(run.status, 4, "exit status")
		with open(meta, encoding="utf-8") as f:
			counters = json.load(f)["counters"]
		equal(syn_counters()[0] - before, counters["syns"]["sent_request"], "SYNs at the far end")
		equal(counters["state"]["targets_started"], counters["syns"]["sent_request"], "targets")
		equal(len(run.rows), counters["syns"]["sent_request"], f"rows: all are closed; {counters}")
	finally:
		_napi(False)


for _engine in IN_KERNEL:
	case(f"engines/{_engine}-stops")(lambda engine=_engine: _stops(engine))


@case("engines/auto")
def what_auto_takes_is_told():
	run = tfomap("198.18.0.5/32", "-p", 7)
	assert "engine packet" in run.err, run.err
	equal(len(by_target(run.rows)), 1, "rows")
	# Worth another engine. The cable's end does not take frames by XDP: it is the next best.
	_takes_next_best("198.18.0.0/16")
	_takes_next_best("-I", write("many", "".join(f"198.18.{i >> 8}.{i & 255}\n"
		for i in range(65536))))


def _takes_next_best(*targets):
	run = tfomap(*targets, "-p", "100-115", "-r", 0, "-t", 1, "--report", "synack", expect=4)
	assert "engine tc, as --tx xdp: the interface's driver takes no frames" in run.err, run.err
	try:
		_need("tc")
	except Skip:
		assert "engine packet, as --tx tc: " in run.err, run.err
	else:
		assert ", engine tc, " in run.err, run.err


@case("engines/auto-rx")
def what_reads_where_xdp_sends():
	def receiver(*args):
		run = tfomap("198.18.5.0/28", "-p", 7, *args)
		equal(len(run.rows), 16, "rows")
		return re.search(r"answers by (\w+), interface", run.err)[1], run.err
	_need_xdp_rx()
	equal(receiver()[0], "pcap", "with --tx packet")
	_napi(True)
	try:
		_need_xdp()
		equal(receiver("--tx", "xdp")[0], "xdp", "with --tx xdp")
		equal(receiver("--tx", "xdp", "--rx", "pcap")[0], "pcap", "where it is named")
		run = tfomap("198.18.0.0/16", "-p", "100-115", "-r", 0, "-t", 1, "--report", "synack", expect=4)
		assert "engine xdp" in run.err and "answers by xdp" in run.err, run.err
		cores = os.sysconf("SC_NPROCESSORS_ONLN")
		equal(int(re.search(r"engine xdp, (\d+) thread", run.err)[1]),
			max(1, min(4, cores - (cores <= 4))), "send threads, as with --tx xdp")
		# Another program holds the interface.
		process = start([*QUICK, "198.18.0.0/16", "-p", "81-83", "-r", "10", "--rx", "xdp"])
		try:
			wait_for(lambda: "prog/xdp" in subprocess.run("ip -n scan link show scan0".split(),
				check=True, capture_output=True, text=True).stdout, "the program on the interface")
			name, said = receiver("--tx", "xdp")
		finally:
			interrupt(process)
			interrupt(process)
			process.communicate()
		equal(name, "pcap", "where another program is")
		assert "answers by pcap, as --rx xdp on interface scan0" in said, said
	finally:
		_napi(False)


@contextmanager
def _slow_far_end():
	"""Each packet has to pass some hundred rules there, in a thread of its own: a cable's ring of
	256 is full at once."""
	# Packets of the kernel's take that ring, too, where they cannot be one large one.
	threaded = "/sys/class/net/net0/threaded"
	rules = "".join(f"tcp dport {1000 + i} ip saddr 203.0.113.7 drop\n" for i in range(200))
	path = write("slow.nft", "table ip slow {\nchain slow {\ntype filter hook prerouting priority "
		f"-400;\n{rules}}}\n}}\n")
	shell(f"""ip netns exec net nft -f {path}
		ip netns exec scan ethtool -K scan0 tso off
		ip netns exec net bash -c 'echo 1 >{threaded} || true'""")
	try:
		yield
	finally:
		shell(f"""ip netns exec net nft delete table ip slow
			ip netns exec scan ethtool -K scan0 tso on
			ip netns exec net bash -c 'echo 0 >{threaded} || true'""")


def _check_refused(engine):
	"""A scan past what the far end takes: what the driver refuses is sent again. Its counters."""
	meta = f"{WORK}/refused.json"
	with _slow_far_end():
		run = tfomap("198.18.0.0/17", "-p", "82", "-r", 0, "--tx", engine, "--report", "all",
			"-m", meta)
	with open(meta, encoding="utf-8") as f:
		counters = json.load(f)["counters"]
	equal(counters["losses"]["not_taken"], 0, "not taken after all")
	equal(counters["syns"]["sent_request"], 1 << 15, "SYNs")
	verdicts = collections.Counter(row["verdict"] for row in run.rows)
	# On a busy machine the capture may lose answers: who is silent then has no row.
	equal(sum(verdicts.values()) + counters["losses"]["unfinished"], 1 << 15, "rows, unfinished")
	equal(verdicts["offline"], 0, f"offline; {counters}")
	return counters


def _refused(engine):
	def check():
		_napi(True)
		try:
			_need(engine)
			counters = _check_refused(engine)
		finally:
			_napi(False)
		assert counters["sent"]["requeued"] > 0, f"the driver took all: {counters}"
	return check


for _engine in IN_KERNEL:
	case(f"engines/{_engine}-refused")(_refused(_engine))


def _dropped(interface):
	"""How many packets its queues have dropped, and which they are"""
	shown = json.loads(subprocess.run(f"ip netns exec scan tc -s -j qdisc show dev {interface}".split(),
		check=True, capture_output=True, text=True).stdout)
	return sum(queue.get("drops", 0) for queue in shown), [queue["kind"] for queue in shown]


@contextmanager
def _queue(words):
	"""The interface has a queue, as cables have none."""
	_napi(True)
	try:
		_need("tc")
		try:
			shell(f"ip netns exec scan tc qdisc replace dev scan0 root {words}")
		except subprocess.CalledProcessError as error:
			raise Skip(f"this kernel has no {words.split()[0]}") from error
		try:
			yield
		finally:
			shell("ip netns exec scan tc qdisc del dev scan0 root")
	finally:
		_napi(False)


@case("engines/tc-queue")
def a_queue_of_the_interface_loses_nothing():
	"""A cable with one stops it when it is full. What waits there may be dropped in silence (by
	fq_codel, as a rule; here it would be counted): so nothing is left to."""
	if [int(n) for n in os.uname().release.split(".")[:2]] < [6, 16]:
		raise Skip("a cable that is full stops no queue before Linux 6.16")
	with _queue("pfifo limit 500"):
		_check_refused("tc")
		dropped, kinds = _dropped("scan0")
		equal(kinds, ["pfifo"], "queues")
		# What the queue itself refuses is known, and sent again; without the look it is hundreds.
		assert dropped < 100, f"{dropped} packets dropped by the queue"


@case("engines/tc-shaper")
def what_a_shaper_drops_is_sent_again():
	with _queue("tbf rate 20mbit burst 20kb limit 30kb"):
		counters = _check_refused("tc")
		dropped, _kinds = _dropped("scan0")
		assert dropped > 0 and counters["sent"]["requeued"] > 0, f"{dropped}: {counters}"


BRIDGE = """ip -n bare link add bridge0 type bridge
	ip -n bare link set bridge0 up
	ip -n bare address add 198.19.200.1/24 dev bridge0
	ip -n bare route add default via 198.19.200.2
	ip -n bare neigh replace 198.19.200.2 lladdr 02:00:00:00:00:99 dev bridge0 nud permanent
	"""


@case("engines/tc-bridge")
def a_driver_that_takes_no_frames_by_xdp():
	"""A bridge without ports takes what it is given, and drops it."""
	_need("tc")
	with bare(BRIDGE):
		run = run_bare("198.18.0.0/20", "-p", "80", "--retries", 0, "--tx", "xdp", expect=2)
		assert "takes no frames by XDP" in run.err, run.err
		run = run_bare("198.18.0.0/20", "-p", "80", "--retries", 0, "--tx", "tc")
		shown = json.loads(subprocess.run("ip -n bare -s -j link show bridge0".split(), check=True,
			capture_output=True, text=True).stdout)
		equal(run.rows, [], "rows")
		assert shown[0]["stats64"]["tx"]["packets"] >= 4096, shown
