#include "probe.h"

const struct probe_type probe_types[PROBE_KINDS] = {
#define PROBE(id, name, option, payload, tells) \
	[PROBE_##id] = { name, PROBE_OPTION_##option, payload, tells },
#include "probe.def"
#undef PROBE
};
