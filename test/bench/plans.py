"""What follows the handshake: connections that are carried on, hops that are looked at."""

import re
from collections import Counter

from answered import META, ROWS, Scan, scan_once
from bed import RUNS, Far, Skip, Trickle, figure, median
from tools import PREFIX, tfomap, tfomap_has

ENGINES = (("packet", "pcap"), ("xdp", "xdp"))
HOPS, BOX = 8, 5  # far.bpf.c


def plan_scan(plan, engine, rx, fields, row, times):
	def command(pps, ports):
		return tfomap("-r", int(pps), "-c", 1, "--plan", plan, "-p", f"1-{ports}", "-f", fields,
			"-o", ROWS, "-m", META, "--rx", rx, PREFIX, engine=engine, pin=False)
	return Scan(f"{engine}+{rx}", command, row, times, rx != "xdp")


def measure_plan(plan, mode, fields, row, times, more):
	"""`more`: figures of the far end's own counts, {name: of Counts}"""
	with Far(mode) as far, Trickle():
		for engine, rx in ENGINES:
			try:
				tfomap_has("--tx", engine, "--rx", rx, "-r", 0, "--plan", plan)
			except Skip as why:
				print(f"{engine}+{rx} is left out: {why}")
				continue
			scan = plan_scan(plan, engine, rx, fields, row, times)
			tell(f"{plan}.{scan.name}", [scan_once(far, scan) for _ in range(RUNS)], more)
			tell_others(row)


def tell(name, done, more):
	figures = {
		"": (lambda one: one.rows_s, "rows/s"),
		".share": (lambda one: one.share * 100, "% of the targets"),
		".packets": (lambda one: one.run.far.packets / max(one.rows, 1), "packets/row"),
		".cpu": (lambda one: one.run.cpu_s * 1e6 / max(one.rows, 1), "us/row"),
		".peak": (lambda one: one.run.peak_kb / 1024, "MiB"),
	}
	for what, count in more.items():
		figures[f".{what}"] = (lambda one, count=count: count(one.run.far) / max(one.rows, 1),
			"a row")
	for what, (value, unit) in figures.items():
		figure(name + what, median(map(value, done)), unit)
	if done[0].losses:
		print(f"tfomap, of the first run: {done[0].losses}")


def tell_others(row):
	"""What the last run's rows say that are not as they ought to be"""
	with open(ROWS, encoding="ascii") as f:
		next(f)
		others = Counter(line.strip().split(",", 1)[1] for line in f
			if not re.search(row, line.strip()))
	for said, n in others.most_common(5):
		print(f"the last run has other rows, {n} times: {said}")


def complete():
	"""--plan complete, four ports of a /16, no limit: each target gives a cookie, takes the data with
	it, and sends 64 bytes and its FIN, over TFO and to the twin. Counted are rows that say `accepted`
	and have all 64 bytes of both connections. A target takes more than 1.5 s, as where no ACK can be
	seen to have arrived: rows/s can be no more than what may be under way, over that. rows/s is over
	the far end's time from first to last packet; packets a row are all that tfomap sent, CPU time is
	all of its process's. Responses are the far end's."""
	measure_plan("complete", "serve", "ip,verdict,response_len,plain_response_len",
		",accepted,64,64$", 4, {"responses": lambda c: c.responses})


def locate():
	"""--plan locate, two ports of a /16, no limit: each target is eight hops away, and a box behind
	the fifth takes the option out of each SYN. Counted are rows that say so: `option-stripped`,
	between hops 5 and 6. Each router answers at once and quotes the whole SYN, so this is the least
	that a target takes. rows/s, packets a row and CPU time as in `complete`; errors are the
	routers'."""
	measure_plan("locate", "chain", "ip,verdict,hops,hop_low,hop_high",
		f",option-stripped,{HOPS},{BOX},{BOX + 1}$", 2, {"errors": lambda c: c.exceeded})
