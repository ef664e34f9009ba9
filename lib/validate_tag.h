/*
 * validate_tag: what a probe's SYN carries so that its answer shows which probe it answers
 * (validate.h). Static inline for the in-kernel program too.
 */
#ifndef TFOMAP_VALIDATE_TAG_H
#define TFOMAP_VALIDATE_TAG_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "probe.h"
#include "siphash.h"

/*
 * A `hop` probe imitates another one, whose port it has; what it is itself stands in the low bits
 * of its sequence number, by exclusive or: its TTL less 1, whether it carries what that one
 * carried, its attempt. The rest shows that it is ours.
 */
#define VALIDATE_HOP_TTL	0x3fu
#define VALIDATE_HOP_FEATURE	0x40u
#define VALIDATE_HOP_ATTEMPT	0x380u
#define VALIDATE_HOP_MASK	0x3ffu

struct validator {
	struct siphash_key key;
	uint16_t port_first, port_last;
	uint16_t part_width;			/* ports of one (kind, attempt), */
	uint16_t turn;				/* each so much further: less than that; */
	uint16_t later_turns;			/* or up to so much more (a saved capture) */
	uint16_t part[PROBE_KINDS + 1];		/* first part of each kind; the last: how many */
	bool hops;				/* there are hop probes */
};

/* What a probe's SYN carries. */
struct validate_tag {
	uint32_t seq;
	uint16_t sport;
};

/* The keyed hash of an address pair and one more word. */
static inline __attribute__((always_inline)) uint64_t
validate_hash(const struct validator *v, struct addr src, struct addr dst, uint64_t last)
{
	struct siphash_state s = siphash_begin(&v->key);

	/* Word by word, not from an array: the words stay in registers. */
	if (addr_is_v4(dst)) {
		siphash_take(&s, src.lo << 32 | addr_v4(dst), 1);
		siphash_take(&s, last, 1);
		return siphash_end(&s, 2, 1, 3);
	}
	siphash_take(&s, src.hi, 1);
	siphash_take(&s, src.lo, 1);
	siphash_take(&s, dst.hi, 1);
	siphash_take(&s, dst.lo, 1);
	siphash_take(&s, last, 1);
	return siphash_end(&s, 5, 1, 3);
}

static inline __attribute__((always_inline)) struct validate_tag
validate_tag(const struct validator *v, struct addr src, struct addr dst, uint16_t dport,
	     uint8_t kind, uint8_t attempt)
{
	uint64_t h = validate_hash(v, src, dst,
				   (uint64_t)dport << 16 | (uint64_t)kind << 8 | attempt);
	uint32_t port;

	port = (uint32_t)(((h >> 32) * v->part_width) >> 32) + v->turn;
	port -= port < v->part_width ? 0 : v->part_width;
	port += v->port_first + (uint32_t)(v->part[kind] + attempt) * v->part_width;
	return (struct validate_tag){ .seq = (uint32_t)h, .sport = (uint16_t)port };
}

/* The sequence number of a hop probe that imitates kind and attempt, but for its low bits. */
static inline __attribute__((always_inline)) uint32_t
validate_hop_base(const struct validator *v, struct addr src, struct addr dst, uint16_t dport,
		  uint8_t kind, uint8_t attempt)
{
	return (uint32_t)validate_hash(v, src, dst, 1ull << 32 | (uint64_t)dport << 16
				       | (uint64_t)kind << 8 | attempt);
}

/*
 * The kind and attempt that the source port of a probe stands for; false: none. Whether the port is
 * that probe's is for validate_tag() to check.
 */
static inline __attribute__((always_inline)) bool
validate_part(const struct validator *v, uint16_t sport, uint8_t *kind, uint8_t *attempt)
{
	uint32_t part;

	if (sport < v->port_first || !v->part_width)
		return false;
	part = (uint32_t)(sport - v->port_first) / v->part_width;
	for (uint32_t k = 0; k < PROBE_KINDS; k++)
		if (part < v->part[k + 1]) {
			*kind = (uint8_t)k;
			*attempt = (uint8_t)(part - v->part[k]);
			return true;
		}
	return false;
}

#endif
