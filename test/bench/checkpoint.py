"""What it costs to be able to go on."""

import os
from dataclasses import replace

from answered import scan_once, tfomap_scan
from bed import RUNS, WORK, Far, Trickle, figure, median
from tools import tfomap_has

STATE = f"{WORK}/state"
ENGINES = (("packet", "pcap"), ("xdp", "xdp"))


def kept(scan):
	"""The same with a checkpoint, which is begun anew each time"""
	def command(pps, times):
		if os.path.exists(STATE):
			os.unlink(STATE)
		return [*scan.command(pps, times), "--checkpoint", STATE]
	return replace(scan, command=command)


def costs(far, scan):
	done = scan_once(far, scan)
	return done.rows_s, done.run.cpu_s / done.rows


def checkpoint():
	"""An answered scan of some seconds without limit (as in `answered`), its rows in a file, with
	--checkpoint and without, one after the other: the ratios of rows/s and of CPU time for each row,
	their median over the pairs."""
	with Far("answer") as far, Trickle():
		for engine, rx in ENGINES:
			tfomap_has("--tx", engine, "--rx", rx, "-r", 0)
			scan = tfomap_scan(engine, rx)
			scan = replace(scan, times=4 * scan.times)
			pairs = [(costs(far, kept(scan)), costs(far, scan)) for _ in range(2 * RUNS)]
			for i, what in enumerate(("rows-s", "cpu-a-row")):
				ratios = [with_it[i] / without[i] for with_it, without in pairs]
				figure(f"checkpoint.{engine}.{what}", median(ratios),
					f"with/without, {min(ratios):.3f} to {max(ratios):.3f}")
