"""Output: formats, fields, what is reported, files that go with the rows."""

import collections
import json
import re

from harness import (HOSTS, SEVEN, WORK, captured, case, check_rows, equal, fresh_filters,
	host, listed, read_rows, spell, tfomap, write)

NAMES = ("nginx", "nginx-plain", "knot", "listener", "closed", "silent", "gone")
# What does not differ between two scans of the same servers with the same seed.
STABLE = """ip port domain verdict confirmed conditions signals tfo_synkind tfo_ackkind tfo_synclen
	tfo_ackclen tfo_dlen tfo_acked cookie reply ttl window mss wscale tcp_options source_ip
	probes""".split()


def server_list():
	return write("rows-list", "".join(spell(t) + "\n" for n in NAMES for t in HOSTS[n].twins))


# A real server answers data when it comes to it: on a busy machine that may be later than a scan
# waits. Whether its answer comes before the ACK is a race then; personas are what tells of that.
RACE = {"reply-before-ack", "proxy-likely"}


def sure_signals(row):
	return listed(row["signals"]) - RACE


def stable(rows):
	rows = [row | {"signals": ";".join(sorted(sure_signals(row)))} for row in rows]
	return sorted(tuple(row[name] for name in STABLE) for row in rows)


@case("rows/formats")
def csv_and_ndjson_are_the_same_rows():
	text = tfomap("-I", server_list(), "-e", 3, "-O", "csv")
	lines = tfomap("-I", server_list(), "-e", 3, "-O", "ndjson")
	equal(stable(lines.rows), stable(text.rows), "rows")
	for line in lines.out.splitlines():
		row = json.loads(line)
		assert isinstance(row["port"], int) and isinstance(row["conditions"], list), line
		assert isinstance(row["flows"], list) and row["flows"], line
	equal(len(text.rows[0]) + 3, len(json.loads(lines.out.splitlines()[0])),
		"ndjson has path, flows and info beside the columns")


@case("rows/fields")
def chosen_fields_and_no_header():
	run = tfomap(host("nginx"), "-f", "verdict,ip,tfo_dlen", "--no-header")
	verdict, ip, dlen = run.out.strip().split(",")
	equal((verdict, ip), ("accepted", HOSTS["nginx"].v4), "chosen fields")
	assert int(dlen) > 0
	run = tfomap(host("nginx"), "-f", "*")
	assert {"ip", "verdict", *SEVEN} <= run.rows[0].keys(), run.rows


@case("rows/report")
def three_degrees_of_silence():
	for report in ("synack", "answered", "all"):
		run, capture = captured("-I", server_list(), "--report", report, "--retries", 1)
		check_rows(run, capture, report)
		silent = [row for row in run.rows if row["verdict"] == "offline"]
		equal(len(silent), 2 if report == "all" else 0, f"silent rows of --report {report}")


@case("rows/output-file")
def rows_in_a_file():
	path = f"{WORK}/out.csv"
	run = tfomap(host("nginx"), host("knot"), "-o", path)
	equal(run.out, "", "stdout beside -o")
	with open(path, newline="") as f:
		equal({row["verdict"] for row in read_rows(f.read())}, {"accepted"}, "verdicts")


def seen_replies(capture):
	"""Each first answer of each SYN, as a reply row tells it"""
	found = collections.Counter()
	for (ip, port), flows in capture.flows.items():
		for flow in flows:
			for answer in flow.answers[:1]:
				common = (ip, str(port), "data" if flow.is_data else "request", answer.reply,
					str(flow.kind), str(len(flow.cookie) // 2), str(flow.seq), str(flow.dlen),
					str(flow.sport))
				found[common + ((str(answer.kind), answer.cookie, str(answer.ack))
					if answer.reply == "synack" else ())] += 1
	return found


def told_replies(rows):
	found = collections.Counter()
	for row in rows:
		names = "ip port probe reply tfo_synkind tfo_synclen tfo_seq tfo_dlen source_port".split()
		if row["reply"] == "synack":
			names += ["tfo_ackkind", "cookie", "tfo_ack"]
		found[tuple(row[name] for name in names)] += 1
	return found


@case("rows/reply")
def one_row_a_reply():
	run, capture = captured("-I", server_list(), "--rows", "reply")
	equal(told_replies(run.rows), seen_replies(capture), "replies")
	for row in run.rows:
		equal((row["repeat"], row["late"], row["attempt"]), ("", "false", "0"), "first answers")


GRAIN_MS = 0.051  # SENDLOG_GRAIN_NS, and what rounding adds


def same_replies(again, live):
	"""A live run knows when a SYN was sent to within GRAIN_MS, a capture exactly."""
	found, want = (sorted(rows, key=lambda row: [row[n] for n in ("ip", "port", "probe",
		"attempt", "time_reply")]) for rows in (again, live))
	for one, other in zip(found, want, strict=True):
		rtts = [float(row.pop("rtt_ms") or 0) for row in (one, other)]
		assert abs(rtts[0] - rtts[1]) <= GRAIN_MS, f"{rtts} of {one}"
		del one["time_sent"], other["time_sent"]
		equal(one, other, "row of the saved capture")


@case("rows/saved-capture")
def a_saved_capture_tells_the_same():
	fresh_filters()
	path, meta = f"{WORK}/saved.pcap", f"{WORK}/saved.json"
	args = ["-I", server_list(), "--rows", "reply", "-e", 5]
	live = tfomap(*args, "--save-pcap", path, "-m", meta)
	with open(meta) as f:
		key = json.load(f)["key"]
	again, capture = captured(*args, "--rx", f"pcap:{path}", "--key", key)
	equal(capture.syns, 0, "SYNs sent while a file is read")
	assert live.rows, "nothing to compare"
	same_replies(again.rows, live.rows)


@case("rows/filter")
def rows_that_are_wanted():
	path, meta = server_list(), f"{WORK}/filter.json"
	wanted = "verdict = accepted && ! ip = 2001:2::/48 || verdict = closed"
	every = tfomap("-I", path, "--report", "all").rows
	some = tfomap("-I", path, "--report", "all", "--output-filter", wanted, "-m", meta).rows
	equal(sorted((row["ip"], row["port"]) for row in some),
		sorted((row["ip"], row["port"]) for row in every if row["verdict"] == "closed"
			or (row["verdict"] == "accepted" and ":" not in row["ip"])), "rows")
	assert 0 < len(some) < len(every), f"{len(some)} of {len(every)}"
	with open(meta) as f:
		counters = json.load(f)["counters"]["rows"]
	equal((counters["rows"], counters["rows_filtered"]), (len(some), len(every) - len(some)),
		"rows counted")


@case("rows/signals")
def signals_are_quiet_on_sound_servers():
	run = tfomap(host("nginx"), host("nginx-plain"), host("closed"))
	for row in run.rows:
		assert not listed(row["signals"]) & {"echo", "kind-switch", "syn-proxy", "malformed",
			"injected", "unsolicited", "cookie-rotates", "proxy-likely"}, row


# What --verbosity 4 tells of nginx in a path plan, in this order; between these lines are others.
TOLD = (
	r"syn attempt 0 sent, no TFO option",
	r"request attempt 0 sent, empty cookie",
	r"SYN/ACK to request attempt 0 .*, 8-byte cookie, 0 of 0 bytes acknowledged",
	r"sweep -> gap: .*; next data: ",
	r"gap -> under way: ",
	r"data attempt 0 sent, 8-byte cookie, \d+ bytes",
	r"SYN/ACK to data attempt 0 .*, (\d+) of \1 bytes acknowledged",
	r"under way -> teardown: ",
	r"verdict accepted: ",
	r"teardown -> done: ",
)


@case("rows/debug-tells-why")
def each_probe_answer_and_decision_of_one_target():
	run = tfomap(host("nginx"), "--plan", "path", "-v", 4)
	lines = [line for line in run.err.splitlines() if f": {host('nginx')}" in line]
	for wanted in TOLD:
		at = next((n for n, line in enumerate(lines) if re.search(wanted, line)), None)
		assert at is not None, f"'{wanted}' is not told, or not in its place:\n{run.err}"
		del lines[:at + 1]
	equal([row["verdict"] for row in run.rows], ["accepted"], "verdicts")


@case("rows/debug-is-for-few")
def many_targets_are_told_of_in_one_message():
	run = tfomap("198.18.0.0/27", "-p", HOSTS["closed"].port, "-v", 4)
	debug = [line for line in run.err.splitlines() if "debug: " in line]
	assert len(debug) == 1 and "give fewer" in debug[0], debug
