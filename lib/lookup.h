/*
 * lookup: the pair (address, port) of an index where the targets are ranges of addresses x ports,
 * sorted by address, then port. A table over the index's leading bits says in which range to begin;
 * few steps are left to search. Static inline, over plain arrays, for the in-kernel program too,
 * where every loop and every place in an array has a bound.
 */
#ifndef TFOMAP_LOOKUP_H
#define TFOMAP_LOOKUP_H

#include <stdint.h>

#include "addr.h"
#include "prefixset.h"

struct lookup {
	uint64_t reciprocal;		/* of n_ports, for lookup_split() */
	uint32_t n_ports, reciprocal_bits;
	uint32_t n_ranges;
	uint32_t n_starts, start_bits;	/* of the table; 2^start_bits addresses a place */
	uint32_t step;			/* the first of the search, a power of two; 0: none */
};

/*
 * What the numbers above are of. The masks bound the places in the arrays, each one less than a
 * power of two: to the compiler known constants in the in-kernel program, else UINT32_MAX.
 */
struct lookup_arrays {
	const struct prefixset_range *ranges;
	const uint32_t *starts;
	const uint16_t *ports;
	uint32_t ranges_mask, starts_mask, ports_mask;
};

/*
 * For a sealed set and 1..65536 ports; addresses x ports are below 2^63. *starts: heap, the
 * caller's to free; NULL where the set is empty: then lookup_split() alone may be called. 0,
 * -ENOMEM.
 */
int lookup_init(struct lookup *s, uint32_t **starts, const struct prefixset *set, uint32_t n_ports);

/*
 * index / n_ports, and *port the rest, for index < 2^63. With l = ceil(log2(n_ports)) and m =
 * ceil(2^(63+l) / n_ports), index * m / 2^(63+l) is exact (Granlund and Montgomery, "Division by
 * invariant integers using multiplication", 1994, theorem 4.2). Where a product has 64 bits only,
 * the division is the machine's.
 */
static inline uint64_t lookup_split(const struct lookup *s, uint64_t index, uint32_t *port)
{
	uint64_t q;

#if defined(__SIZEOF_INT128__) && !defined(__bpf__)
	q = (uint64_t)((unsigned __int128)(2 * index) * s->reciprocal >> 64) >> s->reciprocal_bits;
#else
	q = s->n_ports == 1 ? index : index / s->n_ports;
#endif
	*port = (uint32_t)(index - q * s->n_ports);
	return q;
}

/* The address of that place in the ranges: prefixset_nth(). */
static inline struct addr lookup_addr(const struct lookup *s, const struct lookup_arrays *a,
				      uint64_t rank)
{
	uint32_t at = a->starts[rank >> s->start_bits & a->starts_mask];
	const struct prefixset_range *r;

	/*
	 * The range is at..at + 2 * step - 1; a step past the end is a step to it. Most places are
	 * of one range, which the processor learns.
	 */
	if (at + 1 >= s->n_ranges || a->ranges[(at + 1) & a->ranges_mask].before > rank)
		goto found;
	for (uint32_t step = s->step; step; step >>= 1) {
		uint32_t mid = at + step < s->n_ranges ? at + step : s->n_ranges - 1;

		at = a->ranges[mid & a->ranges_mask].before <= rank ? mid : at;
	}
found:
	r = &a->ranges[at & a->ranges_mask];
	return addr_add(r->first, rank - r->before);
}

/* The pair of index < addresses x ports. */
static inline void lookup_at(const struct lookup *s, const struct lookup_arrays *a, uint64_t index,
			     struct addr *ip, uint16_t *port)
{
	uint32_t nth;

	*ip = lookup_addr(s, a, lookup_split(s, index, &nth));
	*port = a->ports[nth & a->ports_mask];
}

#endif
