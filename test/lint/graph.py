"""The map of the program: folders from top to bottom, their modules, and which of them includes
which. A module is x.c, x.h and x.def; lib/ is the ground floor, 1, and any other module stands one
above the highest that it includes."""

import collections
import os
import re

# From top to bottom: a folder includes itself and those in rows below its own; two of one row do
# not know each other.
ORDER = (("scan", "report"), ("setup", "receive", "send"), ("records",), ("output",), ("cache",), ("state",),
	("net", "targets"), ("xdp", "lists", "rowfile"), ("wire",), ("config",), ("base",), ("files",), ("bpf",),
	("lib",))
RANK = {folder: rank for rank, row in enumerate(ORDER) for folder in row}
# What runs in the kernel shares its headers with one folder.
ONLY_FOR = {"bpf": "xdp"}

FLOORS_MAX = 10
FOLDER_FILES_MAX = 24		# of src/
FILE_LINES_MAX = 450

Arrow = collections.namedtuple("Arrow", "path n name to")	# the line, its words, the file meant


def folder(path):
	parts = path.split("/")
	return parts[1] if parts[0] == "src" and len(parts) > 2 else parts[0]


def module(path):
	return re.sub(r"\.(bpf\.c|c|h|def)$", "", path)


def short(path):
	return path.removeprefix("src/")


def rings(uses):
	"""The circles of a graph {node: set of nodes}: what leads to itself (Tarjan)"""
	number, low, stack, found = {}, {}, [], []

	def visit(node):
		number[node] = low[node] = len(number)
		stack.append(node)
		for to in sorted(uses.get(node, ())):
			if to not in number:
				visit(to)
				low[node] = min(low[node], low[to])
			elif to in stack:
				low[node] = min(low[node], number[to])
		if low[node] == number[node]:
			ring = stack[stack.index(node):]
			del stack[stack.index(node):]
			if len(ring) > 1:
				found.append(sorted(ring))

	for node in sorted(uses):
		if node not in number:
			visit(node)
	return found


class Map:
	"""Of the files of lib/, src/ and bpf/ among paths; read gives a file's text; let_pass: rows of
	test/lint/exceptions."""

	def __init__(self, paths, read, let_pass=()):
		self.paths = [path for path in paths
			if path.startswith(("lib/", "src/", "bpf/")) and path.endswith((".c", ".h", ".def"))]
		self.lines = {path: read(path).splitlines() for path in self.paths}
		self.arrows = [arrow for path in self.paths for arrow in self._arrows(path)]
		self.let_pass = {tuple(row[:3] if row[0] == "include" else row[:2]): " ".join(
			row[3 if row[0] == "include" else 2:]) for row in let_pass}
		self.uses = {module(path): set() for path in self.paths}
		for arrow in self.arrows:
			self.uses[module(arrow.path)] |= {module(arrow.to)} - {module(arrow.path)}
		self.rings = rings(self.uses)
		self.floor = self._floors()

	def _arrows(self, path):
		for n, line in enumerate(self.lines[path], 1):
			said = re.match(r'#\s*include "([^"]+)"', line)
			if said:
				for place in (os.path.dirname(path), "src", "lib", "bpf"):
					if f"{place}/{said[1]}" in self.lines:
						yield Arrow(path, n, said[1], f"{place}/{said[1]}")
						break

	def _floors(self):
		"""Those of a circle stand on one floor"""
		ring_of = {m: tuple(ring) for ring in self.rings for m in ring}
		floors = {}

		def floor(m):
			if m not in floors:
				ring = ring_of.get(m, (m,))
				below = {to for each in ring for to in self.uses[each]} - {*ring}
				high = 1 + max(map(floor, below), default=1)
				floors.update({each: 1 if each.startswith("lib/") else high for each in ring})
			return floors[m]

		for m in self.uses:
			floor(m)
		return floors

	# ---- what is wrong with it: a line each ----

	def _against(self):
		for arrow in self.arrows:
			own, to = folder(arrow.path), folder(arrow.to)
			if own not in RANK or to not in RANK or own == to:
				continue
			if RANK[to] <= RANK[own] or ONLY_FOR.get(to, own) != own:
				yield arrow

	def _reason(self, arrow):
		return self.let_pass.get(("include", arrow.path, arrow.name))

	def direction(self):
		"""Includes carry their folder, and point down; one may not, if test/lint/exceptions says
		why"""
		found = [f"{path}: {folder(path)}/ has no place in the order of folders (test/lint/graph.py)"
			for path in self.paths if folder(path) not in RANK]
		found += [f'{a.path}:{a.n}: "{a.name}" without its folder: "{short(a.to)}"'
			for a in self.arrows if a.to == f"src/{folder(a.path)}/{a.name}"]
		against = list(self._against())
		found += [f"{a.path}:{a.n}: {folder(a.path)}/ does not include {folder(a.to)}/: {a.name}"
			for a in against if not self._reason(a)]
		excused = {("include", a.path, a.name) for a in against if self._reason(a)}
		if len(excused) > 1:
			found.append(f"test/lint/exceptions: {len(excused)} includes, 1 at most")
		return found + [f"test/lint/exceptions: {row[1]} needs none for {row[2]}, or has no reason"
			for row in self.let_pass if row[0] == "include" and row not in excused]

	def circles(self):
		"""No circle of modules, none of folders"""
		folders = collections.defaultdict(set)
		for a in self.arrows:
			if not self._reason(a):
				folders[folder(a.path)].add(folder(a.to))
		return [f"modules include each other: {' '.join(map(short, ring))}" for ring in self.rings] + \
			[f"folders include each other: {' '.join(ring)}" for ring in rings(folders)]

	def floors(self):
		"""At most 10 floors"""
		return [f"{short(m)} is on floor {floor}, {FLOORS_MAX} at most"
			for m, floor in sorted(self.floor.items()) if floor > FLOORS_MAX]

	def sizes(self):
		"""A folder of src/ has at most 24 files, a file at most 450 lines"""
		found = []
		n = collections.Counter(folder(path) for path in self.paths if path.startswith("src/"))
		found += [f"src/{f}: {n[f]} files, {FOLDER_FILES_MAX} at most"
			for f in sorted(n) if n[f] > FOLDER_FILES_MAX]
		excused = {path for kind, path, *_ in self.let_pass if kind == "lines"}
		for path, lines in self.lines.items():
			if len(lines) > FILE_LINES_MAX and not self.let_pass.get(("lines", path)):
				found.append(f"{path}: {len(lines)} lines, {FILE_LINES_MAX} at most")
			elif len(lines) <= FILE_LINES_MAX and path in excused:
				found.append(f"test/lint/exceptions: {path} needs none for its lines")
		return found + [f"test/lint/exceptions: there is no {path}"
			for path in sorted(excused - self.lines.keys())]

	# ---- as text ----

	def _folder(self, name):
		mine = [path for path in self.paths if folder(path) == name]
		on = collections.defaultdict(list)
		for m in sorted({module(path) for path in mine}):
			on[self.floor[m]].append(os.path.basename(m))
		lines = [len(self.lines[path]) for path in mine]
		yield f"{name + '/':10}{len(mine):3} files, {sum(lines)} lines, the longest {max(lines)}"
		for floor in sorted(on, reverse=True):
			yield f"{floor:5}  {' '.join(on[floor])}" if name != "lib" \
				else f"{floor:5}  {len(on[floor])} modules"

	def text(self):
		"""The folders from top to bottom, of each its modules by floor; then what is wrong"""
		there = {folder(path) for path in self.paths}
		for row in ORDER:
			for name in row:
				if name in there:
					yield from self._folder(name)
		against = [(arrow, self._reason(arrow)) for arrow in self._against()]
		yield f"{max(self.floor.values())} floors, {len(self.rings)} circles, " \
			f"{len(against)} against the direction"
		yield from (f"{a.path}:{a.n}: {a.name}: {reason}" for a, reason in against if reason)
		for check in CHECKS:
			yield from check(self)


CHECKS = (Map.direction, Map.circles, Map.floors, Map.sizes)
