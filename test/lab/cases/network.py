"""Source addresses, who resets, interfaces, privilege."""

import json
import subprocess
from contextlib import contextmanager

from harness import (HOSTS, QUICK, SCAN4, SCAN6, WORK, Tap, captured, case, check_packets, check_row,
	check_rows, equal, finish, host, listed, shell, start, tfomap, truth, by_target)
from .targets import PLAIN, sent_nothing

BORROWED4, BORROWED6 = "198.19.9.9", "2001:2:0:ff::9"  # the scanner's kernel does not own them


def _resets(capture):
	return {target: [flow.resets for flow in flows] for target, flows in capture.flows.items()}


@case("network/reset-by-kernel")
def the_kernel_resets_what_it_owns():
	run, capture = captured(host("listener"), host("listener", 1))
	check_rows(run, capture)
	for target, resets in _resets(capture).items():
		assert all(resets), f"{target}: {resets}"


@case("network/reset-by-tfomap")
def tfomap_resets_what_the_kernel_does_not_own():
	for source, family in ((BORROWED4, 0), (BORROWED6, 1)):
		run, capture = captured(host("listener", family), host("knot", family),
			host("listener-plain", family), "-S", source)
		check_rows(run, capture)
		equal({flow.source for flows in capture.flows.values() for flow in flows}, {source},
			"source address")
		equal({row["verdict"] for row in run.rows}, {"accepted", "no-cookie"}, "verdicts")
		for target, resets in _resets(capture).items():
			assert all(resets), f"{target}: a handshake was left open: {resets}"


@contextmanager
def _unknown(*addresses):
	"""The gateway does not know who has them: it has to ask"""
	neigh = "ip -n net neigh"
	shell("".join(f"{neigh} del {a} dev net0\n" for a in addresses))
	try:
		yield
	finally:
		shell("".join(f"{neigh} replace {a} lladdr $scan_mac dev net0 nud permanent\n"
			for a in addresses))


def _station(address):
	"""What the gateway knows of who has it"""
	return subprocess.run(f"ip -n net neigh show {address} dev net0".split(), check=True,
		stdout=subprocess.PIPE, text=True).stdout.split()


def _counters(record):
	with open(record) as f:
		groups = json.load(f)["counters"]
	return {name: n for group in groups.values() for name, n in group.items()}


@case("network/nobodys-source")
def tfomap_answers_for_what_nobody_owns():
	targets, record = [host("nginx"), host("nginx", 1)], f"{WORK}/nobodys.json"
	with _unknown(BORROWED4, BORROWED6):
		run, capture = captured(*targets, "--plan", "path", "-S", f"{BORROWED4},{BORROWED6}",
			"-m", record)
		check_packets(capture)
		equal(len(by_target(run.rows)), 2, "rows")
		for row in run.rows:
			equal((row["verdict"], row["source_ip"] in (BORROWED4, BORROWED6)),
				("accepted", True), f"{row['ip']}: verdict, source")
			assert int(row["rlen"]) > 0 and "reply-before-ack" in listed(row["signals"]), row
		for address in (BORROWED4, BORROWED6):
			assert "02:00:00:00:00:02" in _station(address), _station(address)
	counters = _counters(record)
	assert counters["questions"] >= 2, counters
	equal((counters["sent_neighbour"], counters["question_lost"]), (counters["questions"], 0),
		"answers, and questions lost")
	# What the kernel owns it answers for itself.
	with _unknown(SCAN4, SCAN6):
		run = tfomap(*targets, "--plan", "path", "-S", f"{SCAN4},{SCAN6}", "-m", record)
	equal({row["verdict"] for row in run.rows}, {"accepted"}, "verdicts")
	counters = _counters(record)
	equal((counters["questions"], counters["sent_neighbour"]), (0, 0), "questions and answers")


@case("network/source-in-use")
def what_another_station_has_is_no_source():
	"""It is asked for before anything is sent; the interface's own neighbour is told."""
	taken = ("198.19.0.77", "2001:2:0:ff::77")
	shell(f"""ip -n net address add {taken[0]}/32 dev net0
		ip -n net address add {taken[1]}/128 dev net0 nodad""")
	try:
		for address in (*taken, "198.18.99.9"):
			run = sent_nothing(host("nginx"), host("nginx", 1), "-S",
				f"{BORROWED4},{BORROWED6},{address}", expect=2)
			for word in (address, "in use", "scan0", "02:00:00:00:00:01"):
				assert word in run.err, f"the message does not say {word}: {run.err}"
	finally:
		shell(f"""ip -n net address del {taken[0]}/32 dev net0
			ip -n net address del {taken[1]}/128 dev net0""")


@case("network/source-of-nobody")
def what_is_no_hosts_is_no_source():
	target = host("listener")
	address = target.split(":")[0]
	for source, words in (("198.19.0.1", ["gateway"]), ("198.19.0.255", ["broadcast", "scan0"]),
			("198.19.0.0", ["network address", "scan0"]), ("127.0.0.1", ["loopback", "scan0"]),
			(address, ["among the targets"])):
		run = sent_nothing(target, "-S", source, expect=2)
		for word in ["--source-ip", source, *words]:
			assert word in run.err, f"the message does not say {word}: {run.err}"
	for source, words in (("2001:2:0:ff::1", ["gateway"]), ("::1", ["loopback"]),
			("2001:2:0:ff::", ["anycast", "scan0"]), (HOSTS["listener"].v6, ["among the targets"])):
		run = sent_nothing(host("listener", 1), "-S", source, expect=2)
		for word in ["--source-ip", source, *words]:
			assert word in run.err, f"the message does not say {word}: {run.err}"


@case("network/source-list")
def one_source_a_target():
	record = f"{WORK}/sources.json"
	run, capture = captured("198.18.41.0/27", "-p", HOSTS["listener"].port, "-S",
		f"198.19.0.2,{BORROWED4}", "-m", record)
	check_rows(run, capture)
	used = {target: {flow.source for flow in flows} for target, flows in capture.flows.items()}
	assert all(len(sources) == 1 for sources in used.values()), "a target saw two sources"
	equal(set.union(*used.values()), {"198.19.0.2", BORROWED4}, "sources in use")
	with open(record) as f:
		equal(json.load(f)["sources"], ["198.19.0.2", BORROWED4], "sources in the metadata")
	equal({row["verdict"] for row in run.rows}, {"accepted"}, "verdicts")


@case("network/interface")
def the_interface_by_name():
	run, capture = captured(host("nginx"), "-i", "scan0")
	check_rows(run, capture)
	run = sent_nothing(host("nginx"), "-i", "nosuch0", expect=2)
	assert "nosuch0" in run.err, run.err


@case("network/altname")
def the_interface_by_another_name():
	record = f"{WORK}/altname.json"
	names = ["uplink", "to-the-servers-by-the-first-switch-in-rack-7", "n" * 127]
	try:
		for name in names:
			shell(f"ip -n scan link property add dev scan0 altname {name}")
			run = tfomap(host("nginx"), "-i", name, "-m", record)
			equal([row["verdict"] for row in run.rows], ["accepted"], f"verdicts by {name}")
			with open(record) as f:
				equal(json.load(f)["interface"], "scan0", "interface in the metadata")
	finally:
		shell("".join(f"ip -n scan link property del dev scan0 altname {name} || true\n"
			for name in names))
	# Whatever is not there is named whole.
	for name in (names[1], "n" * 128):
		run = sent_nothing(host("nginx"), "-i", name, expect=2)
		assert name + ":" in run.err, run.err


@case("network/gateway")
def the_gateway_by_address():
	run, capture = captured(host("nginx"), host("nginx", 1), "-G", "02:00:00:00:00:01")
	check_rows(run, capture)
	equal({row["verdict"] for row in run.rows}, {"accepted"}, "verdicts")


@case("network/down")
def the_interface_goes_down():
	tap = Tap()
	process = start(QUICK + ["198.18.0.0/16", "-p", PLAIN, "-r", 500])
	try:
		tap.wait_syns(100)
		shell("ip -n scan link set scan0 down")
		run = finish(process)
	finally:
		shell("topology_scan_up")
	equal(run.status, 3, "exit status: " + run.err)
	assert "interface scan0" in run.err, f"the message does not name the interface: {run.err}"
	assert run.rows, "rows of answers that came before are lost"
	equal({row["verdict"] for row in run.rows}, {"no-cookie"}, "verdicts")
	by_target(run.rows)


@case("network/no-privilege")
def without_the_right_to_send():
	before = truth.syn_counters()
	run = tfomap(host("nginx"), expect=2, prefix=("setpriv", "--bounding-set",
		"-net_raw,-net_admin", "--inh-caps", "-net_raw,-net_admin"))
	equal(truth.syn_counters(), before, "SYNs")
	assert run.err.strip() and not run.out, f"no message, or rows: {run.out}"


@case("network/row-of-each-family")
def families_in_one_scan():
	run, capture = captured(host("listener"), host("listener", 1), "--rows", "target")
	rows = by_target(run.rows)
	for target in HOSTS["listener"].twins:
		check_row(rows[target], capture.flows[target])
