/*
 * lookup: the pair (address, port) of an index. Three parts of the index space follow each other:
 * ranges of addresses x ports, a list's addresses without port x ports, and the list's pairs; each
 * is sorted by address, then port. A table over the leading bits of an index says in which range to
 * begin; few steps are left to search. The list is a table of entries, one after the other. Static
 * inline, over plain arrays, for the in-kernel program too, where every loop and every place in an
 * array has a bound.
 */
#ifndef TFOMAP_LOOKUP_H
#define TFOMAP_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "prefixset.h"

struct lookup {
	uint64_t reciprocal;		/* of n_ports, for lookup_split() */
	uint32_t n_ports, reciprocal_bits;
	uint32_t n_ranges;
	uint32_t n_starts, start_bits;	/* of the table; 2^start_bits addresses a place */
	uint32_t step;			/* the first of the search, a power of two; 0: none */
	uint32_t entry_words;		/* of the list: LOOKUP_WORDS_V4 or LOOKUP_WORDS_ANY */
	uint64_t n_ranged;		/* pairs of the ranges: the list's indices follow */
	uint64_t n_hosts, n_entries;	/* of the list: those without port, which come first; all */
};

/*
 * An entry: the IPv4 address and the port, where all of a list are IPv4; else the address from its
 * highest word to its lowest, and the port. The port of an address without one is 0.
 */
#define LOOKUP_WORDS_V4		2
#define LOOKUP_WORDS_ANY	5

/*
 * What the numbers above are of. The masks bound the places in the arrays, each one less than a
 * power of two: to the compiler known constants in the in-kernel program, else UINT32_MAX.
 */
struct lookup_arrays {
	const struct prefixset_range *ranges;
	const uint32_t *starts;
	const uint16_t *ports;
	const uint32_t *entries;	/* n_entries of entry_words each, but at least one */
	uint32_t ranges_mask, starts_mask, ports_mask;
};

/*
 * For a sealed set and 1..65536 ports; addresses x ports are below 2^63. There is no list. *starts:
 * heap, the caller's to free; NULL where the set is empty. 0, -ENOMEM.
 */
int lookup_init(struct lookup *s, uint32_t **starts, const struct prefixset *set, uint32_t n_ports);

/*
 * Adds a list of n entries, the first n_hosts of them without port; v4: all are IPv4. *entries is
 * all zero, for lookup_put_entry(), and the caller's to free. 0, -ENOMEM.
 */
int lookup_init_list(struct lookup *s, uint32_t **entries, size_t n_hosts, size_t n, bool v4);

/* The list's entry i. */
static inline void lookup_put_entry(const struct lookup *s, uint32_t *entries, size_t i,
				    struct addr ip, uint16_t port)
{
	uint32_t *e = &entries[i * s->entry_words];

	if (s->entry_words == LOOKUP_WORDS_ANY) {
		*e++ = (uint32_t)(ip.hi >> 32);
		*e++ = (uint32_t)ip.hi;
		*e++ = (uint32_t)(ip.lo >> 32);
	}
	*e++ = (uint32_t)ip.lo;
	*e = port;
}

/* Bytes of the list's table. */
static inline size_t lookup_list_len(const struct lookup *s)
{
	return (size_t)(s->n_entries ? s->n_entries : 1) * s->entry_words * sizeof(uint32_t);
}

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

/* The pair of an index of the ranges' part. */
static inline void lookup_ranged(const struct lookup *s, const struct lookup_arrays *a,
				 uint64_t index, struct addr *ip, uint16_t *port)
{
	uint32_t nth;

	*ip = lookup_addr(s, a, lookup_split(s, index, &nth));
	*port = a->ports[nth & a->ports_mask];
}

/* The pair of index n of the list's part. */
static inline void lookup_listed(const struct lookup *s, const struct lookup_arrays *a, uint64_t n,
				 struct addr *ip, uint16_t *port)
{
	uint32_t nth;
	uint64_t i = lookup_split(s, n, &nth);
	bool is_host = i < s->n_hosts;
	const uint32_t *e;

	if (!is_host)
		i = n - s->n_hosts * (s->n_ports - 1);
	i = i < s->n_entries ? i : 0;
	e = &a->entries[i * s->entry_words];
	if (s->entry_words == LOOKUP_WORDS_V4) {
		*ip = addr_from_v4(e[0]);
		*port = (uint16_t)e[1];
	} else {
		*ip = (struct addr){ (uint64_t)e[0] << 32 | e[1], (uint64_t)e[2] << 32 | e[3] };
		*port = (uint16_t)e[4];
	}
	if (is_host)
		*port = a->ports[nth & a->ports_mask];
}

/* The pair of an index below the number of all. */
static inline void lookup_at(const struct lookup *s, const struct lookup_arrays *a, uint64_t index,
			     struct addr *ip, uint16_t *port)
{
	if (index < s->n_ranged)
		lookup_ranged(s, a, index, ip, port);
	else
		lookup_listed(s, a, index - s->n_ranged, ip, port);
}

#endif
