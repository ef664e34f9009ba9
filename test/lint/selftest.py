"""That the checks of the map and of the documents can fail: a small tree with one fault each."""

import docs
import graph
import states

SOUND = {
	"lib/a.h": "",
	"src/base/b.h": '#include "a.h"',
	"src/base/b.c": '#include "base/b.h"',
	"src/wire/w.def": "",
	"src/wire/w.h": '#include "base/b.h"\n#include "wire/w.def"\n#include <stdio.h>',
	"bpf/k.h": '#include "a.h"',
	"src/xdp/x.c": '#include "k.h"\n#include "wire/w.h"',
	"src/send/s.h": "struct w;",
	"src/scan/main.c": '#include "send/s.h"\n#include "xdp/x.h"',
}
REASON = [["include", "src/wire/w.c", "send/s.h", "because"]]
HIGH = {f"src/base/h{n}.h": f'#include "base/h{n - 1}.h"' for n in range(1, graph.FLOORS_MAX)}

# The check, what is added to the sound tree, and to the exceptions, and what is then found.
CASES = (
	("direction", {}, [], None),
	("circles", {}, [], None),
	("floors", {}, [], None),
	("sizes", {}, [], None),
	("direction", {"src/wire/w.c": '#include "send/s.h"'}, [], "wire/ does not include send/"),
	("direction", {"src/wire/w.c": '#include "send/s.h"'}, REASON, None),
	("direction", {}, REASON, "needs none"),
	("direction", {"src/wire/w.c": '#include "send/s.h"', "src/base/b.c": '#include "wire/w.h"'},
		REASON + [["include", "src/base/b.c", "wire/w.h", "because"]], "2 includes, 1 at most"),
	("direction", {"src/receive/r.c": '#include "send/s.h"'}, [], "receive/ does not include send/"),
	("direction", {"src/wire/w.c": '#include "k.h"'}, [], "wire/ does not include bpf/"),
	("direction", {"src/wire/w.c": '#include "w.h"'}, [], "without its folder"),
	("direction", {"src/new/n.c": ""}, [], "no place in the order"),
	("circles", {"lib/a.c": '#include "c.h"', "lib/c.h": '#include "a.h"'}, [], "lib/a lib/c"),
	("circles", {"src/base/b.c": '#include "base/d.h"', "src/base/d.h": '# include "base/e.h"',
		"src/base/e.c": '#include "base/b.h"', "src/base/e.h": ""}, [], "base/b base/d base/e"),
	("circles", {"src/base/c.h": '#include "wire/v.h"', "src/wire/v.h": ""}, [], "base wire"),
	("circles", {"src/wire/w.c": '#include "send/s.h"', "src/send/t.h": '#include "wire/w.h"'}, [],
		"send wire"),
	("circles", {"src/wire/w.c": '#include "send/s.h"', "src/send/t.h": '#include "wire/w.h"'}, REASON,
		None),
	("floors", {"src/base/h0.h": '#include "a.h"', **HIGH}, [], "base/h9 is on floor 11"),
	("sizes", {f"src/send/{n}.c": "" for n in range(graph.FOLDER_FILES_MAX)}, [], "src/send: 25 files"),
	("sizes", {"lib/b.c": "\n" * 451}, [], "lib/b.c: 451 lines"),
	("sizes", {"lib/b.c": "\n" * 451}, [["lines", "lib/b.c", "because"]], None),
	("sizes", {"lib/b.c": "\n" * 451}, [["lines", "lib/b.c"]], "lib/b.c: 451 lines"),
	("sizes", {}, [["lines", "lib/a.h", "because"]], "needs none"),
	("sizes", {}, [["lines", "lib/z.h", "because"]], "there is no lib/z.h"),
)

FILES = ["README.md", "doc/protocol.md", "src/send/sweep.c", "src/wire/tx_null.c", "test/lab/run"]
DOC_CASES = (
	("`send/sweep.c`, sweep.c, README.md, (doc/protocol.md). `src/wire/tx_NAME.c` `tx_*.c` `send/`",
		None),
	("and/or 1/2 x.com/a.txt https://h.org/send/no.c test/lab/run", None),
	("see `send/swept.c`", "there is no send/swept.c"),
	("swept.c.", "there is no swept.c"),
	("test/lib/run test/lab/walk", "there is no test/lab/walk"),
	("`rx_NAME.c`", "there is no rx_NAME.c"),
)


def _differs(what, found, should):
	if should is None:
		return [f"{what}: finds {line}" for line in found]
	return [] if any(should in line for line in found) else [f"{what}: does not find: {should}"]


def faults():
	wrong = []
	for n, (check, more, let_pass, should) in enumerate(CASES):
		tree = {**SOUND, **more}
		found = getattr(graph.Map(tree, tree.__getitem__, let_pass), check)()
		wrong += _differs(f"{check}, case {n}", found, should)
	for n, (text, should) in enumerate(DOC_CASES):
		wrong += _differs(f"paths, case {n}", docs.paths({"x.md": text}, FILES), should)
	order = "\n".join(f"| `{name}/` | x |" for row in graph.ORDER for name in row)
	wrong += _differs("folders", docs.folders(order), None)
	wrong += _differs("folders", docs.folders(order.replace("`wire/`", "`wires/`")), "wires")
	wrong += _differs("cited", docs.cited("## 1. A\n### 1.2 B", {"a.h": "protocol.md 1.2, 1"}), None)
	wrong += _differs("cited", docs.cited("## 1. A", {"a.h": "(doc/protocol.md 2)"}), "section 2")
	table = open(states.TABLE, encoding="utf-8").read()
	made = f"<!-- states -->\n{states.block(table)}<!-- /states -->"
	wrong += _differs("states", states.check(table, made), None)
	wrong += _differs("states", states.check(table, made.replace("DONE", "GONE", 1)), "states.py")
	return wrong
