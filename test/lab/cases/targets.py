"""What is asked to be probed is probed, and nothing else: seen at the far end."""

import json
import os
import shutil
import subprocess

from harness import (HOSTS, QUICK, Skip, Tap, by_target, captured, case, check_rows, equal, finish,
	host, start, tfomap, truth, write)

PLAIN = HOSTS["listener-plain"].port  # one SYN a target, answered at once
GATEWAY_MAC = "02:00:00:00:00:01"  # of topology.sh
NAME = "nginx.lab.test"  # topology_names


def addresses(prefix, numbers, port=PLAIN):
	return {(f"{prefix}{n}", port) for n in numbers}


def sent_nothing(*args, expect, stdin=None, quick=True):
	before = truth.syn_counters()
	run = tfomap(*args, expect=expect, stdin=stdin, quick=quick)
	equal(truth.syn_counters(), before, "SYNs at the far end before and after")
	return run


@case("targets/command-line")
def addresses_ranges_and_ports():
	run, capture = captured("198.18.32.0/28", "2001:2:0:18::3:0/124", "198.18.0.5:7",
		host("listener", 1), "-p", PLAIN)
	want = addresses("198.18.32.", range(16))
	want |= {(f"2001:2:0:18::3:{n:x}".replace("::3:0", "::3:0"), PLAIN) for n in range(16)}
	want |= set(HOSTS["listener"].twins)
	equal(set(capture.flows), want, "targets")
	check_rows(run, capture)


@case("targets/ports")
def lists_and_ranges_of_ports():
	_, capture = captured("198.18.33.0/30", "-p", "9,7000-7002,7001")
	want = {(f"198.18.33.{n}", port) for n in range(4) for port in (9, 7000, 7001, 7002)}
	equal(set(capture.flows), want, "targets")


@case("targets/files")
def allowed_but_for_the_blocked():
	allow = write("allow", "# the lab\n198.18.34.0/28\n198.18.34.32/30\n")
	block = write("block", "198.18.34.8/29 # half of it\n198.18.34.33\n")
	_, capture = captured("-w", allow, "-b", block, "-p", PLAIN)
	want = addresses("198.18.34.", [*range(8), 32, 34, 35])
	equal(set(capture.flows), want, "targets")


@case("targets/blocklist")
def special_ranges_are_refused():
	quick = [a for a in QUICK if a != "--no-default-blocklist"]
	run = sent_nothing(*quick, "198.18.0.0/24", "2001:2:0:18::/120", "-p", PLAIN, expect=1,
		quick=False)
	assert "block" in run.err, f"the reason is not given: {run.err}"
	listed = write("blocked", f"{host('nginx')}\n{host('nginx', 1)}\n")
	sent_nothing(*quick, "-I", listed, expect=1, quick=False)


LIST = f"""# a server list, one form a line
{HOSTS['nginx'].v4},80,www.example.org
{host('listener')}
{host('listener', 1)}
{HOSTS['listener-plain'].v4}
{{"dip":"{HOSTS['knot'].v4}","dp":53,"domain":"dns.example.org","rank":17}}
{{"dip":"{HOSTS['nginx'].v6}","dp":443,"domain":"tls.example.org"}}
{HOSTS['nginx'].v4},80,other.example.org
"""
LISTED = {(HOSTS["nginx"].v4, 80): "www.example.org", (HOSTS["nginx"].v6, 443): "tls.example.org",
	(HOSTS["knot"].v4, 53): "dns.example.org", HOSTS["listener"].twins[0]: "",
	HOSTS["listener"].twins[1]: "", (HOSTS["listener-plain"].v4, PLAIN): ""}


def _check_list(run, capture):
	equal(set(capture.flows), set(LISTED), "targets")
	check_rows(run, capture)
	rows = by_target(run.rows)
	equal({t: row["domain"] for t, row in rows.items()}, LISTED, "domains")
	payload = {t: flows[-1].payload for t, flows in capture.flows.items()}
	http, dns, tls = (payload[t] for t in ((HOSTS["nginx"].v4, 80), (HOSTS["knot"].v4, 53),
		(HOSTS["nginx"].v6, 443)))
	assert http.startswith(b"GET / HTTP/1.1\r\n") and http.endswith(b"\r\n\r\n"), http
	assert b"\r\nHost: www.example.org\r\n" in http, http
	equal(int.from_bytes(dns[:2], "big"), len(dns) - 2, "length of the DNS message")
	assert b"\x03dns\x07example\x03org\x00" in dns, dns
	equal(tls[0], 22, "TLS record type")
	equal(int.from_bytes(tls[3:5], "big"), len(tls) - 5, "length of the TLS record")
	equal((tls[5], int.from_bytes(tls[6:9], "big")), (1, len(tls) - 9), "ClientHello, length")
	assert b"tls.example.org" in tls, tls
	return rows


@case("targets/list")
def server_list_in_all_its_forms():
	_check_list(*captured("-I", write("list", LIST), "-p", PLAIN))


@case("targets/stdin")
def server_list_from_a_pipe():
	run, capture = captured("-I", "-", "-p", PLAIN, "-O", "ndjson", stdin=LIST)
	rows = _check_list(run, capture)
	info = json.loads(rows[(HOSTS["knot"].v4, 53)]["info"])
	equal(info["rank"], 17, "what the list said beside")


@case("targets/rows")
def rows_are_a_list():
	"""tfomap's own, in each form: the same targets, with their domains"""
	text = write("list", LIST)
	for words in ([], ["-O", "ndjson", "-f", "*"], ["--rows", "reply"]):
		first = tfomap("-I", text, "-p", PLAIN, *words)
		again = tfomap("-I", write("rows", first.out), "-p", 1)
		rows = by_target(again.rows)
		equal(set(rows), set(LISTED), f"targets of rows by {words}")
		if "reply" not in words:
			equal({t: row["domain"] for t, row in rows.items()}, LISTED, "domains")
	bare = tfomap("-I", text, "-p", PLAIN, "--no-header").out
	run = sent_nothing("-I", write("rows", bare), expect=1)
	assert "header" in run.err, run.err


def _zmap(*args):
	"""What zmap writes, run where tfomap runs"""
	if not shutil.which("zmap"):
		raise Skip("zmap is not installed")
	run = subprocess.run(["ip", "netns", "exec", "scan", "zmap", *map(str, args)],
		stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
	assert run.returncode == 0 and run.stdout, f"{args}: {run.stdout} {run.stderr}"
	return run.stdout


@case("targets/zmap")
def what_zmap_writes_is_a_list():
	address, port = host("nginx").rsplit(":", 1)
	for words, ports in ((["-f", "saddr,sport", "-O", "csv"], []),
			(["-f", "saddr", "-O", "csv"], ["-p", port]),
			(["-f", "saddr,sport", "-O", "json"], [])):
		text = _zmap("-C", write("empty", ""), "-b", write("none", ""), "-q",
			"--disable-syslog", "-i", "scan0", "-G", GATEWAY_MAC, "-S", "198.19.0.2",
			"-p", port, "-r", 100, "-c", 1, *words, f"{address}/32")
		_, capture = captured("-I", write("scanned", text), *ports)
		equal(set(capture.flows), {(address, int(port))}, f"targets of {words}: {text}")


@case("targets/list-shortened")
def a_list_is_what_it_was_at_the_start():
	"""Cut to nothing once the first SYN is out: every row and request has its domain."""
	want = {(f"198.18.32.{n}", PLAIN): f"host{n}.example" for n in range(40)}
	name = write("shrinking", "".join(f"{a},{p},{d}\n" for (a, p), d in want.items()))
	tap = Tap()
	process = start([*QUICK, "-r", 20, "-I", name], stdin=subprocess.DEVNULL)
	tap.wait_syns(1)
	os.truncate(name, 0)
	run = finish(process)
	equal(run.status, 0, "exit status")
	equal({t: row["domain"] for t, row in by_target(run.rows).items()}, want, "domains")


@case("targets/bare-ipv6")
def an_address_that_could_have_a_port_is_told_of():
	address = HOSTS["nginx"].v6
	run, capture = captured(f"{address}:80", "-p", PLAIN)
	equal(set(capture.flows), {(f"{address}:80", PLAIN)}, "targets")
	assert f"write [{address}]:80" in run.err, run.err
	run, _ = captured(f"[{address}]:80", address, "2001:2:0:18::3:1", "-p", PLAIN)
	assert "write [" not in run.err, run.err


@case("targets/blocklist-published")
def blocked_as_lists_are_published():
	block = write("block", "; DROP\n198.18.34.8/29 ; SBL1\n198.18.34.0 - 198.18.34.2\n"
		"198.18.34.4 255.255.255.254\n198.18.34.6/255.255.255.255 # one\n")
	_, capture = captured("198.18.34.0/28", "-b", block, "-p", PLAIN)
	equal(set(capture.flows), addresses("198.18.34.", [3, 7]), "targets")


@case("targets/list-within")
def list_and_allowlist():
	_, capture = captured("-I", write("list", LIST), "-p", PLAIN, "-w",
		write("allow", HOSTS["nginx"].v4 + "\n"))
	equal(set(capture.flows), {(HOSTS["nginx"].v4, 80)}, "targets")


@case("targets/bad-input")
def bad_input_is_refused():
	listed = {"name": "www.example.org\n", "number": "198.18.0.1:65536\n", "json": '{"dip":\n',
		"words": "198.18.0.5:7\nhello world\n"}
	for name, text in listed.items():
		run = sent_nothing("-I", write("bad-list", text), "-p", PLAIN, expect=1)
		line = text.count("\n")
		assert "bad-list" in run.err and str(line) in run.err, f"{name}: no file, line: {run.err}"
	for args in (["198.18.0.0/33"], ["198.18.0.1", "-p", "0-70000"], ["198.18.0.1", "-r", "fast"],
			["198.18.0.1", "--no-such-option"], ["2001:2::/48"], ["-w", "/nonexistent"],
			["198.18.0.1", "--plan", "none"], ["198.18.0.1", "-f", "no_such_field"], []):
		run = sent_nothing(*args, expect=1)
		assert run.err.strip() and not run.out, f"{args}: no message, or rows: {run.out}"


@case("targets/max")
def the_first_n_of_one_order():
	def visited(*args):
		_, capture = captured("198.18.35.0/24", "-p", PLAIN, "-r", 2000, *args)
		first = [(flows[0].time, t) for t, flows in capture.flows.items()]
		return [t for _, t in sorted(first)]
	whole = visited("-e", 7)
	equal(set(whole), addresses("198.18.35.", range(256)), "all of the prefix")
	equal(visited("-e", 7, "-n", 20), whole[:20], "the first 20, in the same order")
	equal(visited("-e", 7, "-n", "50%"), whole[:128], "the first half, in the same order")
	assert visited("-e", 8) != whole, "another seed visits in the same order"


@case("targets/shards")
def shards_are_a_partition():
	seen = []
	for shard in range(3):
		run, capture = captured("198.18.36.0/24", "-p", PLAIN, "-e", 7, "--shards", 3, "--shard",
			shard, "-n", 200)
		check_rows(run, capture)
		assert capture.flows, f"shard {shard} is empty"
		seen += list(capture.flows)
	equal(len(seen), 200, "targets of all shards")
	equal(len(set(seen)), 200, "different targets of all shards")
	_, capture = captured("198.18.36.0/24", "-p", PLAIN, "-e", 7, "-n", 200)
	equal(set(seen), set(capture.flows), "shards together, and the whole")


IDN, ASCII = "bücher.lab.test", b"xn--bcher-kva.lab.test"  # topology_names


@case("targets/idn")
def names_in_their_own_script():
	"""By the resolver, and in Host, SNI and QNAME; rows have what was written."""
	nginx, knot = HOSTS["nginx"], HOSTS["knot"]
	listed = write("idn", f"{nginx.v4},80,{IDN}\n{nginx.v6},443,{IDN}\n{knot.v4},53,{IDN}\n")
	run, capture = captured("-I", listed)
	check_rows(run, capture)
	equal([row["domain"] for row in run.rows], [IDN] * 3, "domains")
	payloads = {t[1]: flows[-1].payload for t, flows in capture.flows.items()}
	assert b"\r\nHost: " + ASCII + b"\r\n" in payloads[80], payloads[80]
	assert ASCII in payloads[443], payloads[443]
	assert b"\x0dxn--bcher-kva\x03lab\x04test\x00" in payloads[53], payloads[53]
	with open("/etc/hosts") as hosts:
		if ASCII.decode() not in hosts.read():
			raise Skip("the lab's host file is not in place")
	run, capture = captured(IDN, "-p", 80)
	equal(set(capture.flows), set(nginx.twins), "targets")
	equal({row["domain"] for row in run.rows}, {IDN}, "domains")


@case("targets/name")
def a_host_name_is_all_its_addresses():
	with open("/etc/hosts") as hosts:
		if NAME not in hosts.read():
			raise Skip("the lab's host file is not in place")
	run, capture = captured(NAME, "-p", 80)
	equal(set(capture.flows), set(HOSTS["nginx"].twins), "targets")
	check_rows(run, capture)
