#!/usr/bin/env python3
"""The picture of the cookie cache's states in doc/architecture.md, made from the table
src/cache/entry_states.def. Run as a program it writes it there."""

import re

TABLE = "src/cache/entry_states.def"
DOCUMENT = "doc/architecture.md"
BLOCK = re.compile(r"(?<=<!-- states -->\n).*?(?=<!-- /states -->)", re.S)
CLOCKS = {"NONE": "", "NOW": "clock", "SENDING": "clock, while probes are sent",
	"READ": "time of what was read"}


def _rows(text, macro):
	"""The arguments of each MACRO(...) of the table, without quotes"""
	text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
	for match in re.finditer(rf"^{macro}\((.*)\)$", text, re.M):
		yield [arg.strip().strip('"') for arg in
			re.split(r',\s*(?=(?:[^"]*"[^"]*")*[^"]*$)', match.group(1))]


def _words(name):
	return name.lower().replace("_", " ")


def _edges(text):
	"""{(from, to): [event]} in the table's order; what leaves a state as it is is none"""
	short = re.findall(r"#define (ENTRY_\w+)\s+(.*)", text)
	edges = {}
	for state, event, action, following in _rows(text, "RULE"):
		if action == "STAY":
			continue
		for name, means in reversed(short):
			following = following.replace(name, means)
		for to in re.findall(r"TO\((\w+)\)", following):
			if (to != state) or action != "REQUEST" or state != "GAP":
				edges.setdefault((state, to), []).append(event)
	return edges


def block(text):
	"""What stands between the marks of the document"""
	out = ["```mermaid", "stateDiagram-v2"]
	states = list(_rows(text, "STATE"))
	out += [f'\tstate "{name}" as {state}' for state, name, *_ in states if _words(state) != name]
	for (state, to), events in _edges(text).items():
		ends = ["[*]" if s == "NONE" else s for s in (state, to)]
		out.append(f"\t{ends[0]} --> {ends[1]}: {', '.join(map(_words, events))}")
	out += ["```", "", "| state | waits for | until, by |", "|---|---|---|"]
	out += [f"| {name} | {waits_for} | {CLOCKS[clock]} |"
		for _, name, clock, _, waits_for in states[1:]]
	out += ["", "| event | |", "|---|---|"]
	out += [f"| {_words(event)} | {what} |" for event, what in _rows(text, "EVENT")]
	return "\n".join(out) + "\n"


def check(table, document):
	"""The document has it as it is made from the table now"""
	if BLOCK.findall(document) == [block(table)]:
		return []
	return [f"{DOCUMENT}: its states are not those of {TABLE}: run test/lint/states.py"]


if __name__ == "__main__":
	with open(TABLE, encoding="utf-8") as f:
		made = block(f.read())
	with open(DOCUMENT, encoding="utf-8") as f:
		had = f.read()
	with open(DOCUMENT, "w", encoding="utf-8") as f:
		f.write(BLOCK.sub(lambda _: made, had))
