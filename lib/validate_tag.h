/*
 * validate_tag: what a probe's SYN carries so that its answer shows which probe it answers
 * (validate.h). Static inline for the in-kernel program too.
 */
#ifndef TFOMAP_VALIDATE_TAG_H
#define TFOMAP_VALIDATE_TAG_H

#include <stdint.h>

#include "addr.h"
#include "probe.h"
#include "siphash.h"

struct validator {
	struct siphash_key key;
	uint16_t port_first, port_last;
	uint16_t part_width;			/* ports of one (kind, attempt) */
	uint16_t part[PROBE_KINDS + 1];		/* first part of each kind; the last: how many */
};

/* What a probe's SYN carries. */
struct validate_tag {
	uint32_t seq;
	uint16_t sport;
};

static inline __attribute__((always_inline)) struct validate_tag
validate_tag(const struct validator *v, struct addr src, struct addr dst, uint16_t dport,
	     uint8_t kind, uint8_t attempt)
{
	uint64_t w[5], h;
	uint64_t last = (uint64_t)dport << 16 | (uint64_t)kind << 8 | attempt;

	if (addr_is_v4(dst)) {
		w[0] = src.lo << 32 | addr_v4(dst);
		w[1] = last;
		h = siphash_words(&v->key, w, 2, 1, 3);
	} else {
		w[0] = src.hi;
		w[1] = src.lo;
		w[2] = dst.hi;
		w[3] = dst.lo;
		w[4] = last;
		h = siphash_words(&v->key, w, 5, 1, 3);
	}
	return (struct validate_tag){
		.seq = (uint32_t)h,
		.sport = (uint16_t)(v->port_first + (v->part[kind] + attempt) * v->part_width
				    + (((h >> 32) * v->part_width) >> 32)),
	};
}

#endif
