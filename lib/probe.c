#include "probe.h"

const struct probe_type probe_types[PROBE_KINDS] = {
#define PROBE(id, counter, name, option, payload, sweep, flows, doc) \
	[PROBE_##id] = { name, PROBE_OPTION_##option, payload, flows, doc },
#include "probe.def"
#undef PROBE
};
