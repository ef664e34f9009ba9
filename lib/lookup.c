#include "lookup.h"

#include <errno.h>
#include <stdlib.h>

#define PLACES_A_RANGE	4		/* of the starts, at least, up to the most */
#define STARTS_MIN	4096u		/* few places have a range's end in them then */
#define STARTS_MAX	(1u << 20)

/* The least b with 2^b >= n; n >= 1. */
static uint32_t log2_above(uint64_t n)
{
	uint32_t b = 0;

	while ((n - 1) >> b)
		b++;
	return b;
}

static void init_reciprocal(struct lookup *s, uint32_t n_ports)
{
	uint64_t q = (1ull << 63) / n_ports, rest = (1ull << 63) % n_ports;

	/* ceil(2^(63+l) / n_ports), bit by bit. It is below 2^64. */
	s->n_ports = n_ports;
	s->reciprocal_bits = log2_above(n_ports);
	for (uint32_t i = 0; i < s->reciprocal_bits; i++) {
		rest *= 2;
		q = 2 * q + (rest >= n_ports);
		rest -= rest >= n_ports ? n_ports : 0;
	}
	s->reciprocal = q + (rest > 0);
}

/* The range of each place's first address; returns how many more ranges a place reaches into. */
static uint32_t fill_starts(const struct lookup *s, uint32_t *starts, const struct prefixset *set)
{
	uint32_t r = 0, most = 0;

	for (uint32_t i = 0; i < s->n_starts; i++) {
		uint64_t rank = (uint64_t)i << s->start_bits;

		while (r + 1 < s->n_ranges && set->v[r + 1].before <= rank)
			r++;
		starts[i] = r;
		if (i > 0 && r - starts[i - 1] > most)
			most = r - starts[i - 1];
	}
	return s->n_ranges - 1 - r > most ? s->n_ranges - 1 - r : most;
}

int lookup_init(struct lookup *s, uint32_t **starts, const struct prefixset *set, uint32_t n_ports)
{
	uint64_t wanted = (uint64_t)set->n * PLACES_A_RANGE;
	uint32_t most;

	*s = (struct lookup){
		.n_ranges = (uint32_t)set->n, .entry_words = LOOKUP_WORDS_V4,
		.n_ranged = set->count * n_ports,
	};
	*starts = NULL;
	init_reciprocal(s, n_ports);
	if (set->n == 0)
		return 0;
	if (wanted < STARTS_MIN)
		wanted = STARTS_MIN;
	if (set->n == 1)
		wanted = 1;
	if (wanted > STARTS_MAX)
		wanted = STARTS_MAX;
	while ((set->count - 1) >> s->start_bits >= wanted)
		s->start_bits++;
	s->n_starts = (uint32_t)((set->count - 1) >> s->start_bits) + 1;
	*starts = malloc(s->n_starts * sizeof(**starts));
	if (!*starts)
		return -ENOMEM;
	most = fill_starts(s, *starts, set);
	s->step = most ? 1u << (log2_above((uint64_t)most + 1) - 1) : 0;
	return 0;
}

int lookup_init_list(struct lookup *s, uint32_t **entries, size_t n_hosts, size_t n, bool v4)
{
	s->entry_words = v4 ? LOOKUP_WORDS_V4 : LOOKUP_WORDS_ANY;
	s->n_hosts = n_hosts;
	s->n_entries = n;
	*entries = calloc(1, lookup_list_len(s));
	return *entries ? 0 : -ENOMEM;
}
