"""What a visitor finds: a shell in a lab of its own, inside this one."""

import os
import re
import subprocess

import chain
import wall
from harness import HOSTS, LAB, LIFE_S, case, equal, read_rows, spell
from .boxes import BOXES


def _visit(*lines):
	"""What the shell says to commands that come from a pipe: (its welcome, what they printed)"""
	environment = {k: v for k, v in os.environ.items() if k != "LAB_INSIDE"}
	run = subprocess.run([f"{LAB}/shell"], input="\n".join(["echo --", *lines, "exit 5"]),
		capture_output=True, text=True, timeout=LIFE_S, env=environment)
	equal(run.returncode, 5, f"exit status, the shell's own: {run.stderr}")
	return run.stdout.split("\n--\n")


@case("visit/shell")
def commands_from_a_pipe():
	welcome, out = _visit("tfomap -q -c 1 -I servers -f verdict,ip", "echo $(boxes)", "box off",
		"chain strip-forward-4", "wall drop-data-tfo-nginx", "on net ip -br link show net0")
	for name, host in HOSTS.items():
		assert re.search(rf"(?m)^ *{name} +{host.port} +{host.v4} +{host.v6} ", welcome), welcome
	rows, words = out.rsplit("\n", 6)[0] + "\n", out.splitlines()[-5:]
	found = {(row["ip"], row["verdict"]) for row in read_rows(rows)}
	for name in ("nginx", "knot", "nginx-plain"):
		for address, _ in HOSTS[name].twins:
			assert (address, HOSTS[name].verdict) in found, found
	equal(words[0].split(), list(BOXES), "middleboxes")
	v4, v6 = BOXES["off"].twins
	equal(words[1], f"{v4[0]}:{v4[1]} [{v6[0]}]:{v6[1]}", "where one is")
	for said, table, name in ((words[2], chain, "strip-forward-4"),
			(words[3], wall, "drop-data-tfo-nginx")):
		row = next(row for row in table.ROWS if row.name == name)
		equal(said, " ".join(map(spell, row.twins)), f"where {name} is")
	assert words[4].startswith("net0@"), words[4]


@case("visit/no-such-name")
def names_that_are_not_there():
	wanted = {"box": "off", "chain": "strip-forward-4", "wall": "drop-data-tfo-nginx"}
	_, out = _visit(*(f"{what} foo 2>&1; echo $?" for what in wanted))
	lines = out.splitlines()
	equal(lines[1::2], ["1"] * len(wanted), "exit status")
	for (what, name), line in zip(wanted.items(), lines[::2], strict=True):
		assert "no such name: foo" in line, line
		assert what == "box" or name in line.split(), line
