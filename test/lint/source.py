"""The project's files, and what their text says: includes, code without comments, options."""

import collections
import os
import re
import subprocess


def _files():
	"""All that git has or would take, or what the tarball's list names"""
	if os.path.exists(".git"):
		names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True,
			capture_output=True, text=True).stdout
	else:
		with open("MANIFEST", encoding="utf-8") as f:
			names = f.read()
	return sorted(path for path in names.splitlines() if os.path.isfile(path))


def read(path):
	with open(path, encoding="utf-8") as f:
		return f.read()


def lines(path):
	return read(path).splitlines()


def _first_line(path):
	with open(path, "rb") as f:
		return f.readline(80).decode("ascii", "replace")


def _scripts(suffix, shebang):
	return [path for path in FILES if path not in DATA
		and (path.endswith(suffix) or re.match(shebang, _first_line(path)))]


FILES = _files()
# Not written by hand: packets, what is expected of a run, what autoconf makes, the licence.
DATA = {path for path in FILES if path.startswith(("test/replay/cases/", "test/fuzz/corpus/"))
	or path in ("LICENSE", "configure", "MANIFEST")}
C_FILES = [path for path in FILES if path.endswith((".c", ".h", ".def"))]
SHELL = _scripts(".sh", r"#!.*\b(ba)?sh$")
PYTHON = _scripts(".py", r"#!.*\bpython3\b")


def code(path):
	"""A C source with its comments and strings blanked, line for line"""
	def blank(match):
		return re.sub(r"[^\n]", " ", match[0])
	return re.sub(r'/\*.*?\*/|"(\\.|[^"\\\n])*"|\'(\\.|[^\'\\\n])+\'', blank, read(path),
		flags=re.S)


def includes():
	"""(path, line number, name, <> and not "") for each #include of lib/, src/ and man/"""
	for path in C_FILES:
		if path.startswith(("lib/", "src/", "man/")):
			for n, line in enumerate(lines(path), 1):
				found = re.match(r'#\s*include ([<"])([^>"]+)', line)
				if found:
					yield path, n, found[2], found[1] == "<"


def _module(path, edges):
	"""out_csv, which includes out.h, is a part of out"""
	name = re.sub(r"\.(c|h|def)$", "", path)
	parts = name.split("_")
	for n in range(1, len(parts)):
		whole = "_".join(parts[:n])
		if f"{whole}.h" in edges[f"{name}.c"] | edges[f"{name}.h"]:
			return whole
	return name


def cycles():
	"""Where includes lead back to the module that they started from"""
	edges = collections.defaultdict(set)
	for path, _, name, is_system in includes():
		to = [f"{d}/{name}" for d in ("lib", "src") if f"{d}/{name}" in C_FILES]
		if to and not is_system:
			edges[path].add(to[0])
	uses = collections.defaultdict(set)
	for path, others in list(edges.items()):
		uses[_module(path, edges)].update(_module(to, edges) for to in others)
	found, done = [], set()

	def walk(module, trail):
		if module in trail:
			way = trail[trail.index(module):] + [module]
			found.append("includes go round: " + " -> ".join(way))
		elif module not in done:
			for to in sorted(uses[module] - {module}):
				walk(to, trail + [module])
			done.add(module)

	for module in sorted(uses):
		walk(module, [])
	return found


def options_named():
	"""(path, line number, option) in what is read by users, and in the lab's runs of tfomap"""
	for path in FILES:
		if not (path == "README.md" or path.startswith(("man/", "doc/", "conf/", "test/lab/"))):
			continue
		zmap = False
		for n, line in enumerate(lines(path), 1):
			if path == "README.md":
				zmap = line.startswith("| zmap |") or zmap and line.startswith("|")
				line = line.split("|")[2] if zmap else line
			line = line.replace("\\-", "-")
			for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", line):
				yield path, n, option
