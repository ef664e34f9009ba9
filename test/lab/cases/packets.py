"""What goes on the wire, and when: retries, payloads, cookies, engines, rate."""

import collections
import os
import re
import socket
from datetime import datetime, timezone

import boxtable
from harness import (HOSTS, WORK, by_target, captured, case, check_rows, equal, fresh_filters,
	host, inside, needs, shell, spell, tfomap, truth, write)
from .network import BORROWED4
from .rows import STABLE, server_list, stable
from .targets import PLAIN, sent_nothing

OTHER_KEY = "f0e0d0c0-b0a09080-70605040-30201000"
THE_KEY = "$fastopen_key"
BOXES = boxtable.read()


def counts(capture):
	"""{target: (requests, data)}"""
	return {t: (sum(not f.is_data for f in flows), sum(f.is_data for f in flows))
		for t, flows in capture.flows.items()}


@case("packets/retries")
def only_the_silent_are_retried():
	for retries, sent in ((0, 1), (3, 4)):
		fresh_filters()
		run, capture = captured(host("silent"), host("lossy"), host("listener"),
			host("closed"), host("gone"), "--retries", retries, "--report", "all")
		check_rows(run, capture, "all")
		equal(counts(capture), {
			HOSTS["silent"].twins[0]: (sent, 0),
			HOSTS["lossy"].twins[0]: (2, 1) if retries else (1, 0),
			HOSTS["listener"].twins[0]: (1, 1),
			HOSTS["closed"].twins[0]: (1, 0),
			HOSTS["gone"].twins[0]: (1, 0)}, f"requests and data with --retries {retries}")


@case("packets/retries-default")
def prefixes_are_not_retried():
	_, capture = captured(HOSTS["silent"].v4 + "/32", "-p", HOSTS["silent"].port)
	equal(counts(capture), {HOSTS["silent"].twins[0]: (1, 0)}, "requests and data")


@case("packets/payload")
def the_payload_asked_for():
	path = write("payload", "from a file")
	for spec, payload in (("text:hello", b"hello"), ("hex:00ff10", b"\0\xff\x10"),
			(f"file:{path}", b"from a file")):
		run, capture = captured(host("listener"), "--payload", spec)
		check_rows(run, capture)
		equal(capture.flows[HOSTS["listener"].twins[0]][-1].payload, payload, spec)
		equal(run.rows[0]["tfo_dlen"], str(len(payload)), "tfo_dlen")
	run, capture = captured(host("listener"), "--payload", "none")
	check_rows(run, capture)
	equal(run.rows[0]["verdict"], "cookie-only", "verdict without data")


@case("packets/options")
def one_set_of_options_for_all_kinds():
	kinds = {"windows": "2 3 4", "linux": "2 3 4 8", "bsd": "2 3 4 8", "mss": "2", "none": ""}
	for name, want in kinds.items():
		_, capture = captured(host("listener"), host("listener", 1), "--tcp-options", name)
		for flows in capture.flows.values():
			equal(len(flows), 2, "probes")
			for flow in flows:
				got = set(map(int, flow.kinds)) - {0, 1, 34}
				equal(got, set(map(int, want.split())), f"options of {name}")
				assert "34" in flow.kinds, f"no TFO option: {flow.options}"


@case("packets/cookie-file")
def a_known_cookie_is_used_at_once():
	path, args = f"{WORK}/cookies", [host("listener"), host("knot", 1), "--cookie-file"]
	if os.path.exists(path):
		os.unlink(path)
	first, capture = captured(*args, path)
	check_rows(first, capture)
	given = {t: row["cookie"] for t, row in by_target(first.rows).items()}
	before = truth.fastopen_counters()
	second, capture = captured(*args, path)
	after = truth.fastopen_counters()
	check_rows(second, capture)
	equal(set(counts(capture).values()), {(0, 1)}, "requests and data with the cookies loaded")
	equal({t: flows[0].cookie for t, flows in capture.flows.items()}, given, "cookies sent")
	equal(after["Passive"] - before["Passive"], 2, "TCPFastOpenPassive")
	equal(after["CookieReqd"], before["CookieReqd"], "TCPFastOpenCookieReqd")
	equal({row["verdict"] for row in second.rows}, {"accepted"}, "verdicts")
	equal({row["cookie_from"] for row in first.rows}, {"request"}, "where the first cookies are from")
	# One of last year's, from a zone beside.
	with open(path) as f:
		lines = f.read().splitlines()
	with open(path, "w") as f:
		f.writelines(re.sub("[^,]*T[^,]*$", "2025-03-04T05:06:07.5+02:00", line) + "\n"
			for line in lines)
	for row in tfomap(*args, path).rows:
		sent = datetime.fromisoformat(row["time_sent"].replace("Z", "+00:00"))
		age = int((sent - datetime(2025, 3, 4, 3, 6, 7, tzinfo=timezone.utc)).total_seconds())
		equal((row["verdict"], row["cookie_from"], row["cookie_age_s"]), ("accepted", "file", str(age)),
			"verdict, where its cookie is from, and its age")


def set_key(*keys):
	shell(f"topology_sysctl net ipv4/tcp_fastopen_key {','.join(keys)}")


@case("packets/cookie-stale")
def a_refused_cookie_is_tried_anew_once():
	path, target = f"{WORK}/cookies-stale", host("listener")
	if os.path.exists(path):
		os.unlink(path)
	old = tfomap(target, "--cookie-file", path).rows[0]["cookie"]
	set_key(OTHER_KEY)
	try:
		run, capture = captured(target, "--cookie-file", path)
	finally:
		set_key(THE_KEY)
	flows, row = capture.flows[HOSTS["listener"].twins[0]], run.rows[0]
	check_rows(run, capture)
	equal(counts(capture)[HOSTS["listener"].twins[0]], (0, 2), "requests and data")
	equal(flows[0].cookie, old, "the first cookie")
	fresh = flows[0].first("synack").cookie
	assert fresh and fresh != old, f"the server gave {fresh!r}"
	equal(flows[1].cookie, fresh, "the second cookie")
	equal((row["verdict"], row["cookie"]), ("accepted", fresh), "verdict, cookie")
	equal((row["cookie_len"], row["cookie_from"]), (str(len(fresh) // 2), "request"), "that cookie")
	assert "cookie-refused" in row["signals"].split(";"), row["signals"]


@case("packets/cookie-renewed")
def a_backup_keys_cookie_is_accepted_and_renewed():
	path, target = f"{WORK}/cookies-renewed", host("listener")
	if os.path.exists(path):
		os.unlink(path)
	old = tfomap(target, "--cookie-file", path).rows[0]["cookie"]
	set_key(OTHER_KEY, THE_KEY)
	try:
		run, capture = captured(target, "--cookie-file", path)
	finally:
		set_key(THE_KEY)
	check_rows(run, capture)
	flow, row = capture.flows[HOSTS["listener"].twins[0]][0], run.rows[0]
	equal((flow.cookie, flow.acked()), (old, flow.dlen), "the old cookie, the data acked")
	equal(row["verdict"], "accepted", "verdict")
	equal(row["cookie"], flow.first("synack").cookie, "the newest cookie")
	assert "cookie-updated" in row["signals"].split(";"), row["signals"]
	equal(row["cookie_from"], "file", "where the cookie on the data is from")


@case("packets/requests")
def cookies_are_asked_for_several_times():
	"""One who gives cookies by one key, one who gives another each time, and one who gives none"""
	names = ("sound", "rotating", "off")
	targets = [spell(BOXES[name].twins[0]) for name in names]
	run, capture = captured(*targets, "--requests", 5)
	rows = by_target(run.rows)
	for name, seen in zip(names, ("1", "5", "")):
		target = BOXES[name].twins[0]
		requests = [flow for flow in capture.flows[target] if not flow.dlen]
		equal(len(requests), 5 if seen else 1, f"requests to {name}")
		equal(len({flow.sport for flow in requests}), len(requests), "their source ports")
		equal(rows[target]["cookies_seen"], seen, f"cookies_seen of {name}")
		equal(rows[target]["probes"], str(len(capture.flows[target])), "probes")
		given = {flow.first("synack").cookie for flow in requests} - {None, ""}
		equal(len(given), int(seen or 0), f"cookies that {name} gave")
	data = next(flow for flow in capture.flows[BOXES["rotating"].twins[0]] if flow.dlen)
	newest = [flow for flow in capture.flows[BOXES["rotating"].twins[0]] if not flow.dlen][-1]
	equal(data.cookie, newest.first("synack").cookie, "the cookie sent is the newest")


@case("packets/unbound")
def a_cookie_is_tried_from_another_address():
	"""Linux binds cookies to the address of the client; that persona has one cookie for all"""
	targets = [HOSTS["listener"].twins[0], BOXES["zero"].twins[0]]
	sources = ("198.19.0.2", BORROWED4)
	run, capture = captured(*map(spell, targets), "--plan", "full", "--confirm", 0,
		"-S", ",".join(sources))
	rows = by_target(run.rows)
	for target, unbound in zip(targets, (False, True)):
		flows = capture.flows[target]
		equal({flow.source for flow in flows}, set(sources), "source addresses")
		elsewhere = [flow for flow in flows if flow.source != rows[target]["source_ip"]]
		equal(len(elsewhere), 1, "probes from the other one")
		assert elsewhere[0].cookie in {flow.first("synack").cookie for flow in flows
			if flow.source == rows[target]["source_ip"]}, "that cookie was given to the first"
		equal(rows[target]["verdict"], "accepted", "verdict")
		equal("cookie-unbound" in rows[target]["signals"].split(";"), unbound, "cookie-unbound")


def fill_queue(target, n):
	"""Takes n slots of a TFO queue: n clients with a cookie that never hear the SYN/ACK"""
	ports = truth.CLIENT_PORTS[:n + 1]  # one more: it fetches the cookie
	shell(f"ip netns exec scan nft 'table inet deaf {{ chain input {{ type filter hook input "
		f"priority 0; tcp dport {ports[1]}-{ports[-1]} drop; }}; }}'")
	clients = []
	with inside("scan"):
		for port in ports:
			client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
			client.bind(("", port))
			client.setblocking(port == ports[0])
			try:
				client.sendto(b"hello", socket.MSG_FASTOPEN, target)
			except BlockingIOError:
				pass
			clients.append(client)
	return clients


@case("packets/queue-full", fresh=True)
def a_full_queue_looks_like_no_fast_open():
	"""With its queue taken, Linux answers as if it did not know the option"""
	target, path = HOSTS["listener-short"].twins[0], f"{WORK}/cookies-full"
	known = tfomap(spell(target), "--cookie-file", path).rows[0]
	equal(known["verdict"], "accepted", "verdict before")
	before = truth.fastopen_counters()
	clients = fill_queue(target, 3)
	try:
		asked, capture = captured(spell(target))
		check_rows(asked, capture)
		used, capture = captured(spell(target), "--cookie-file", path)
		check_rows(used, capture)
	finally:
		for client in clients:
			client.close()
	after = truth.fastopen_counters()
	equal(after["Passive"] - before["Passive"], 3, "TCPFastOpenPassive of the clients")
	assert after["ListenOverflow"] - before["ListenOverflow"] >= 2, "the queue was not full"
	equal((asked.rows[0]["verdict"], used.rows[0]["verdict"]), ("no-cookie", "ignored"), "verdicts")
	assert "tfo.syndata.not_acked" in used.rows[0]["conditions"].split(";"), used.rows[0]


@case("packets/engines")
def engines_make_the_same_rows():
	rows = {}
	for engine in ("packet", "libnet"):
		run, capture = captured("-I", server_list(), "-e", 3, "--tx", engine)
		check_rows(run, capture)
		rows[engine] = stable(run.rows)
	equal(rows["libnet"], rows["packet"], "rows of libnet, " + " ".join(STABLE))


@case("packets/nothing-sent")
def what_must_not_send():
	path = f"{WORK}/would.pcap"
	for engine in ("null", f"pcap:{path}"):
		run = sent_nothing("198.18.0.0/28", "-p", PLAIN, "--tx", engine, expect=0)
		equal(run.rows, [], "rows where nothing can answer")
	text = truth.subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", "-e", "ip.dst"],
		check=True, capture_output=True, text=True).stdout
	equal(sorted(text.split()), sorted(f"198.18.0.{n}" for n in range(16)), "packets in the file")


@case("packets/dryrun")
def a_dry_run_shows_and_does_not_send():
	needs("-d")
	run = sent_nothing("198.18.0.0/30", "-p", PLAIN, "-d", expect=0)
	for n in range(4):
		assert f"198.18.0.{n}" in run.out, run.out


@case("packets/rate")
def every_packet_of_a_rate_arrives():
	for rate, n in ((100, 150), (20000, 20000)):
		before = truth.syn_counters()[0]
		run = tfomap("198.18.0.0/16", "-p", PLAIN, "-r", rate, "-n", n)
		equal(truth.syn_counters()[0] - before, n, f"SYNs at {rate} packets/s")
		equal(len(by_target(run.rows)), n, "rows")


@case("packets/source-ports")
def a_narrow_range_of_source_ports():
	_, capture = captured(host("listener"), host("silent"), "-s", "40000-40255")
	ports = [f.sport for flows in capture.flows.values() for f in flows]
	assert all(40000 <= port <= 40255 for port in ports), ports
	run = sent_nothing(host("listener"), "-s", "40000-40001", expect=1)
	assert run.err.strip(), "no message for a range that is too small"


# ---- what the manual says of a capture on the scanner itself ----

def _syns_seen(engine):
	"""Of a scan with that engine: SYNs and SYN/ACKs that a capture on its own interface has"""
	with inside("scan"):
		tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
		tap.bind(("scan0", 3))
	tap.setblocking(False)
	run = tfomap(host("listener-plain"), "--tx", engine)
	equal([row["verdict"] for row in run.rows], ["no-cookie"], "verdicts")
	seen = collections.Counter()
	try:
		while True:
			packet = tap.recv(128)
			if packet[0] >> 4 == 4 and packet[9] == socket.IPPROTO_TCP:
				seen[packet[33] & (truth.SYN | truth.ACK)] += 1
	except BlockingIOError:
		tap.close()
	return seen[truth.SYN], seen[truth.SYN | truth.ACK]


@case("packets/own-capture")
def a_capture_on_the_scanner():
	equal(_syns_seen("packet"), (0, 1), "SYNs and SYN/ACKs, --tx packet")
	equal(_syns_seen("libnet"), (1, 1), "SYNs and SYN/ACKs, --tx libnet")
