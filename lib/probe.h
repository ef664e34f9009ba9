/* probe: the kinds of SYN that tfomap sends, from the table probe.def. */
#ifndef TFOMAP_PROBE_H
#define TFOMAP_PROBE_H

#include <stdbool.h>
#include <stdint.h>

enum probe_kind {
#define PROBE(id, name, option, payload, tells) PROBE_##id,
#include "probe.def"
#undef PROBE
	PROBE_KINDS
};

enum probe_option {
	PROBE_OPTION_NONE, PROBE_OPTION_ASK, PROBE_OPTION_ASK_EXP, PROBE_OPTION_CACHED,
	PROBE_OPTION_FORGED,
};

struct probe_type {
	const char *name;
	enum probe_option option;
	bool payload;
	const char *tells;
};

extern const struct probe_type probe_types[PROBE_KINDS];

#endif
