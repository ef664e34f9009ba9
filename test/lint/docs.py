"""What the documents say of the tree, held against it: paths that they name, the table of folders,
and the sections of doc/protocol.md that sources cite."""

import fnmatch
import re

import graph

# A word with one of these ends names a file, if only by its last part; NAME and FOLDER in it stand
# for any.
ENDS = r".\.(c|h|def|py|md|sh|tbl|in|mk)$"
CITED = re.compile(r"\bprotocol\.md (\d+(?:\.\d+)?)")


def _exists(word, paths, folders):
	"""As it is, or below src/ or test/, with or without a folder's slash"""
	pattern = re.sub("NAME|FOLDER", "*", word.rstrip("/"))
	places = ("", "src/", "test/") + ("*/",) * ("/" not in pattern)
	return any(fnmatch.fnmatchcase(path, place + pattern)
		for place in places for path in (*paths, *folders))


def _is_path(word, tops):
	first = word.split("/")[0]
	return re.search(ENDS, word) or ("/" in word and first in tops)


def paths(documents, files):
	"""Each path that a document names is there. documents: {path: text}; files: all of the tree"""
	folders = {"/".join(path.split("/")[:n]) for path in files for n in range(1, path.count("/") + 1)}
	tops = {f for f in folders if "/" not in f} | {f.split("/")[1] for f in folders
		if re.match(r"(src|test)/[^/]+$", f)}
	found = []
	for document, text in documents.items():
		for n, line in enumerate(text.splitlines(), 1):
			for word in re.findall(r"(?<![\w./:-])[\w.*-]+(?:/[\w.*-]+)*/?", line):
				word = word.rstrip(".")
				if _is_path(word, tops) and not _exists(word, files, folders):
					found.append(f"{document}:{n}: there is no {word}")
	return found


def folders(architecture):
	"""Its table of folders has those of the lint, in their order"""
	told = re.findall(r"^\| `(\w+)/` \|", architecture, re.M)
	have = [name for row in graph.ORDER for name in row]
	if told == have:
		return []
	return [f"doc/architecture.md: its table has the folders {' '.join(told) or 'none'}; the lint "
		f"(test/lint/graph.py) {' '.join(have)}"]


def cited(protocol, sources):
	"""Each section of doc/protocol.md that a file cites is there. sources: {path: text}"""
	have = set(re.findall(r"^#+ (\d+(?:\.\d+)?)\b", protocol, re.M))
	return [f"{path}:{n}: doc/protocol.md has no section {section}"
		for path, text in sources.items()
		for n, line in enumerate(text.splitlines(), 1) for section in CITED.findall(line)
		if section not in have]
