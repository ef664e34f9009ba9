"""usage: bench.py [PART]... - inside the namespaces that `run` made.

Prints tables for people and, for each figure, a line "bench NAME VALUE UNIT". Asserts nothing about
time; a run whose packets did not arrive is said."""

import os
import platform
import sys
import textwrap

from answered import answered
from bed import Skip
from checkpoint import checkpoint
from long import hour, internet
from own import generation, memory, rate, receive, start
from plans import complete, locate
from speed import lists, speed
from tools import masscan_version, zmap_version

PARTS = {part.__name__: part
	for part in (speed, lists, answered, complete, locate, generation, receive, start, memory,
		rate, checkpoint)}
ASKED_FOR = {"internet": internet, "hour": hour}  # only by name: they take minutes


def about(version):
	try:
		said = version()
		return said[1] if isinstance(said, tuple) else said
	except Skip as why:
		return str(why)


def main(wanted):
	known = PARTS | ASKED_FOR
	if not set(wanted) <= known.keys():
		print(f"usage: test/bench/run [{'|'.join(known)}]...", file=sys.stderr)
		return 2
	print(f"{os.cpu_count()} cores, Linux {platform.release()}, load {os.getloadavg()[0]:.2f}; "
		f"zmap {about(zmap_version)}, masscan {about(masscan_version)}")
	for name, part in known.items():
		if name not in (wanted or PARTS):
			continue
		doc = " ".join(part.__doc__.split())
		print("\n" + textwrap.fill(f"{name}: {doc}", 100), flush=True)
		try:
			part()
		except Skip as why:
			print(f"left out: {why}")
	return 0


sys.exit(main(sys.argv[1:]))
