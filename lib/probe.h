/* probe: the kinds of SYN that tfomap sends, from the table probe.def, and the option on each. */
#ifndef TFOMAP_PROBE_H
#define TFOMAP_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "tfo.h"

enum probe_kind {
#define PROBE(id, ...) PROBE_##id,
#include "probe.def"
#undef PROBE
	PROBE_KINDS
};

enum probe_option {
	PROBE_OPTION_NONE, PROBE_OPTION_REQUEST, PROBE_OPTION_REQUEST_EXP, PROBE_OPTION_CACHED,
	PROBE_OPTION_FORGED,
};

struct probe_type {
	const char *name;
	enum probe_option option;
	bool payload;
	uint8_t flows;			/* most that a target gets of it */
	const char *doc;
};

extern const struct probe_type probe_types[PROBE_KINDS];

/* The kind of the empty option by which a probe requests a cookie, 34 or 254; 0: it does not. */
static inline uint8_t probe_requests(enum probe_kind kind)
{
	switch (probe_types[kind].option) {
	case PROBE_OPTION_REQUEST:
		return TFO_KIND;
	case PROBE_OPTION_REQUEST_EXP:
		return TFO_KIND_EXP;
	case PROBE_OPTION_NONE:
	case PROBE_OPTION_CACHED:
	case PROBE_OPTION_FORGED:
		break;
	}
	return 0;
}

/*
 * The TFO option on the SYN of a kind. *option has the cookie that is cached, and is left as it is
 * where the kind carries that one (or, forged, one of its kind and length: the bytes are the
 * caller's); else it becomes an empty one, or absent.
 */
static inline void probe_option(enum probe_kind kind, struct tfo_option *option)
{
	enum probe_option carries = probe_types[kind].option;

	if (carries == PROBE_OPTION_NONE)
		*option = (struct tfo_option){ .state = TFO_ABSENT };
	else if (carries != PROBE_OPTION_CACHED && carries != PROBE_OPTION_FORGED)
		*option = (struct tfo_option){ .state = TFO_EMPTY, .kind = probe_requests(kind) };
}

#endif
