"""The sweep's kinds by the user's choice: --probes, on each plan."""

import collections
import json
import os

from harness import (HOSTS, WORK, by_target, captured, case, equal, fresh_filters, host, needs,
	spell, tfomap)
from .boxes import _sent as sent

NAMES = ("listener", "listener-plain", "closed", "silent")
# probes, plan: what each of NAMES takes, in boxes.tbl's letters, and its verdict
CHOICES = {
	("syn", "survey"): (("s", "unknown"), ("s", "unknown"), ("s", "closed"), ("sss", "offline")),
	("syn", "path"): (("s", "unknown"), ("s", "unknown"), ("s", "closed"), ("sss", "offline")),
	("blind", "survey"): (("b", "unknown"), ("b", "unknown"), ("b", "closed"), ("bbb", "offline")),
	("syn,blind", "full"): (("sb", "unknown"), ("sb", "unknown"), ("sb", "closed"),
		("sssbbb", "offline")),
	("request", "path"): (("rd", "accepted"), ("re", "no-cookie"), ("r", "closed"),
		("rrr", "offline")),
	("request,syn", "survey"): (("srd", "accepted"), ("sr", "no-cookie"), ("sr", "closed"),
		("sssrrr", "offline")),
	("request-exp", "survey"): (("ed", "accepted"), ("e", "no-cookie"), ("e", "closed"),
		("eee", "offline")),
	("request,request-exp", "survey"): (("red", "accepted"), ("re", "no-cookie"), ("re", "closed"),
		("rrreee", "offline")),
	("request-exp,blind", "full"): (("ebfcd", "accepted"), ("eb", "no-cookie"), ("eb", "closed"),
		("eeebbb", "offline")),
}


def _targets():
	return [host(name, family) for name in NAMES for family in (0, 1)]


def _scan(probes, plan, *args):
	needs("--probes")
	fresh_filters()
	return captured(*_targets(), "--probes", probes, "--plan", plan, "--report", "all",
		"--retries", 2, *args)


def _check(run, capture, expected):
	rows = by_target(run.rows)
	for name, (syns, verdict) in zip(NAMES, expected):
		for target in HOSTS[name].twins:
			equal(sent(capture.flows[target]), collections.Counter(syns), f"{spell(target)}: SYNs")
			equal((rows[target]["verdict"], rows[target]["probes"]), (verdict, str(len(syns))),
				f"{spell(target)}: verdict and probes")


def _choice(probes, plan, expected):
	def check():
		_check(*_scan(probes, plan, *(["--confirm", 0] if plan != "survey" else [])), expected)
	return check


for (_probes, _plan), _expected in CHOICES.items():
	case(f"probes/{_plan}-{_probes}")(_choice(_probes, _plan, _expected))


@case("probes/cookie-file")
def data_to_all_whose_cookie_is_known():
	needs("--probes")
	path = f"{WORK}/probes-cookies"
	if os.path.exists(path):
		os.unlink(path)
	tfomap(host("listener"), "--cookie-file", path)
	for probes, known, unknown in (("data", "d", "rd"), ("data,syn", "sd", "srd"),
			("data,blind", "db", "rbd"), ("request", "rd", "rd")):
		run, capture = captured(host("listener"), host("listener", 1), "--cookie-file", path,
			"--probes", probes)
		v4, v6 = (capture.flows[target] for target in HOSTS["listener"].twins)
		equal({len(flow.cookie) for flow in v4 if flow.cookie}, {16}, "digits of cookies")
		# That one was not given in this run, so sent() calls it forged.
		equal(sent(v4), collections.Counter(known.replace("d", "f") if "r" not in known else known),
			f"--probes {probes}, a known cookie")
		equal(sent(v6), collections.Counter(unknown), f"--probes {probes}, none known")
		equal({row["verdict"] for row in run.rows}, {"accepted"}, "verdicts")
		with open(path) as jar:
			lines = jar.readlines()
		with open(path, "w") as jar:
			jar.writelines(line for line in lines if ":" not in line.split(",")[1])


@case("probes/saved-capture")
def a_saved_capture_tells_the_same():
	path, meta = f"{WORK}/probes.pcap", f"{WORK}/probes.json"
	args = ["-e", 5, "--confirm", 0, "-O", "ndjson"]
	live, _ = _scan("request-exp,blind", "full", *args, "--save-pcap", path, "-m", meta)
	with open(meta) as record:
		record = json.load(record)
	equal(record["configuration"]["probes"], "request-exp,blind", "the metadata's --probes")
	again, capture = _scan("request-exp,blind", "full", *args, "--rx", f"pcap:{path}", "--key",
		record["key"])
	equal(capture.syns, 0, "SYNs sent while a file is read")
	for rows in (live.rows, again.rows):
		equal(len(rows), 2 * len(NAMES), "rows")
	said = [{target: (row["verdict"], row["conditions"], row["signals"], row["probes"])
		for target, row in by_target(run.rows).items()} for run in (live, again)]
	equal(said[1], said[0], "rows")
