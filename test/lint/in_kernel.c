/*
 * One probe from its position to its frame, with nothing but the headers that the in-kernel program
 * shares with tfomap. Compiled for that machine by test/lint/run, never run: a header that it could
 * not include, a 128-bit product, a call that it does not have does not compile.
 */
#include "icmp.h"
#include "lookup.h"
#include "order.h"
#include "patch.h"
#include "validate_tag.h"

#define PASSES_MAX	16

#define RANGES		0x1000
#define STARTS		0x4000
#define PORTS		0x10000
#define ENTRIES		0x10000

/* As maps hold them. */
struct sweep {
	struct order order;
	struct lookup lookup;
	struct validator validator;
	struct patch_template templates[2];
	struct addr sources[2];
	struct prefixset_range ranges[RANGES];
	uint32_t starts[STARTS];
	uint16_t ports[PORTS];
	uint32_t entries[ENTRIES * LOOKUP_WORDS_ANY];
};

uint32_t in_kernel(const struct sweep *s, uint64_t k, uint8_t *frame, const uint8_t *end);
bool error_in_kernel(const uint8_t icmp[static 2], bool v4);

bool error_in_kernel(const uint8_t icmp[static 2], bool v4)
{
	return icmp_ends_attempt(v4, icmp[0], icmp[1]);
}

uint32_t in_kernel(const struct sweep *s, uint64_t k, uint8_t *frame, const uint8_t *end)
{
	const struct lookup_arrays arrays = {
		.ranges = s->ranges, .starts = s->starts, .ports = s->ports,
		.entries = s->entries,
		.ranges_mask = RANGES - 1, .starts_mask = STARTS - 1, .ports_mask = PORTS - 1,
	};
	struct patch p = { .payload_len = 0 };
	struct validate_tag tag;
	uint64_t x;
	bool v6;

	if (!order_target_bounded(&s->order, k, PASSES_MAX, &x))
		return 0;
	lookup_at(&s->lookup, &arrays, x, &p.dst, &p.dport);
	v6 = !addr_is_v4(p.dst);
	p.src = s->sources[v6];
	tag = validate_tag(&s->validator, p.src, p.dst, p.dport, PROBE_REQUEST, 0);
	p.seq = tag.seq;
	p.sport = tag.sport;
	return patch_packet(&s->templates[v6], v6, &p, frame, PATCH_LEN, end);
}
