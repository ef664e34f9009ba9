#include "prefixset.h"

#include <errno.h>
#include <stdlib.h>

#include "bisect.h"
#include "saturate.h"

void prefixset_init(struct prefixset *s)
{
	*s = (struct prefixset){ .v = NULL };
}

void prefixset_free(struct prefixset *s)
{
	free(s->v);
	prefixset_init(s);
}

/* addr_add(a, 1) and its inverse, where neither end of the address space is crossed. */
static struct addr addr_next(struct addr a)
{
	return addr_add(a, 1);
}

static struct addr addr_prev(struct addr a)
{
	return (struct addr){ a.hi - (a.lo == 0), a.lo - 1 };
}

static bool addr_is_last(struct addr a)
{
	return a.hi == UINT64_MAX && a.lo == UINT64_MAX;
}

static struct addr addr_max(struct addr a, struct addr b)
{
	return addr_cmp(a, b) < 0 ? b : a;
}

static struct addr addr_min(struct addr a, struct addr b)
{
	return addr_cmp(a, b) < 0 ? a : b;
}

int prefixset_add(struct prefixset *s, struct addr first, struct addr last)
{
	struct prefixset_range *v;
	size_t cap;

	if (s->n == s->cap) {
		/* By half, not to the double: a list of a million lines is mostly this array. */
		cap = s->cap < 16 ? 16 : s->cap + s->cap / 2;
		v = cap < SIZE_MAX / sizeof(*v) ? realloc(s->v, cap * sizeof(*v)) : NULL;
		if (!v)
			return -ENOMEM;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = (struct prefixset_range){ .first = first, .last = last };
	return 0;
}

static int range_cmp(const void *a, const void *b)
{
	const struct prefixset_range *x = a, *y = b;

	return addr_cmp(x->first, y->first);
}

static bool prefixset_is_sorted(const struct prefixset *s)
{
	for (size_t i = 1; i < s->n; i++) {
		if (range_cmp(&s->v[i - 1], &s->v[i]) > 0)
			return false;
	}
	return true;
}

/* Fills in the counts of ranges that are sorted and disjoint. */
static void prefixset_count(struct prefixset *s)
{
	s->count = 0;
	for (size_t i = 0; i < s->n; i++) {
		struct prefixset_range *r = &s->v[i];

		r->before = s->count;
		s->count = sat_add(s->count, sat_add(addr_diff(r->last, r->first), 1));
	}
}

void prefixset_seal(struct prefixset *s)
{
	size_t n = 0;

	/* Lists are mostly sorted; and qsort() may want as much memory again. */
	if (!prefixset_is_sorted(s))
		qsort(s->v, s->n, sizeof(*s->v), range_cmp);
	for (size_t i = 0; i < s->n; i++) {
		struct prefixset_range r = s->v[i], *top = n ? &s->v[n - 1] : NULL;

		/* Ranges that touch are one, so each set has one form. */
		if (top && (addr_is_last(top->last) ||
			    addr_cmp(r.first, addr_next(top->last)) <= 0))
			top->last = addr_max(top->last, r.last);
		else
			s->v[n++] = r;
	}
	s->n = n;
	prefixset_count(s);
}

/* Puts out, built of sorted disjoint ranges, in the place of s; on an error, drops it. */
static int prefixset_replace(struct prefixset *s, struct prefixset *out, int err)
{
	if (err) {
		prefixset_free(out);
		return err;
	}
	prefixset_count(out);
	prefixset_free(s);
	*s = *out;
	return 0;
}

int prefixset_subtract(struct prefixset *s, const struct prefixset *minus)
{
	struct prefixset out;
	size_t j = 0;
	int err = 0;

	prefixset_init(&out);
	for (size_t i = 0; i < s->n && !err; i++) {
		struct addr first = s->v[i].first, last = s->v[i].last;
		bool rest = true;	/* something of first..last is left */

		while (j < minus->n && addr_cmp(minus->v[j].last, first) < 0)
			j++;
		/* j stays where it is: the last range of these may reach into the next of s. */
		for (size_t k = j; rest && !err && k < minus->n; k++) {
			const struct prefixset_range *m = &minus->v[k];

			if (addr_cmp(m->first, last) > 0)
				break;
			if (addr_cmp(first, m->first) < 0)
				err = prefixset_add(&out, first, addr_prev(m->first));
			rest = addr_cmp(m->last, last) < 0;
			if (rest)
				first = addr_next(m->last);
		}
		if (rest && !err)
			err = prefixset_add(&out, first, last);
	}
	return prefixset_replace(s, &out, err);
}

int prefixset_intersect(struct prefixset *s, const struct prefixset *with)
{
	struct prefixset out;
	size_t i = 0, j = 0;
	int err = 0;

	prefixset_init(&out);
	while (i < s->n && j < with->n && !err) {
		const struct prefixset_range *a = &s->v[i], *b = &with->v[j];
		struct addr first = addr_max(a->first, b->first);
		struct addr last = addr_min(a->last, b->last);

		if (addr_cmp(first, last) <= 0)
			err = prefixset_add(&out, first, last);
		if (addr_cmp(a->last, b->last) < 0)
			i++;
		else
			j++;
	}
	return prefixset_replace(s, &out, err);
}

struct search {
	const struct prefixset_range *v;
	struct addr a;
	uint64_t rank;
};

static bool begins_by_address(const void *arg, size_t i)
{
	const struct search *search = arg;

	return addr_cmp(search->v[i].first, search->a) <= 0;
}

static bool begins_by_rank(const void *arg, size_t i)
{
	const struct search *search = arg;

	return search->v[i].before <= search->rank;
}

/* The range with the greatest first address at or below a; NULL: none. */
static const struct prefixset_range *prefixset_find(const struct prefixset *s, struct addr a)
{
	const struct search search = { .v = s->v, .a = a };
	size_t n = bisect(s->n, begins_by_address, &search);

	return n ? &s->v[n - 1] : NULL;
}

bool prefixset_contains(const struct prefixset *s, struct addr a)
{
	const struct prefixset_range *r = prefixset_find(s, a);

	return r && addr_cmp(a, r->last) <= 0;
}

bool prefixset_rank(const struct prefixset *s, struct addr a, uint64_t *rank)
{
	const struct prefixset_range *r = prefixset_find(s, a);

	if (!r || addr_cmp(a, r->last) > 0)
		return false;
	*rank = sat_add(r->before, addr_diff(a, r->first));
	return true;
}

struct addr prefixset_nth(const struct prefixset *s, uint64_t rank)
{
	const struct search search = { .v = s->v, .rank = rank };
	const struct prefixset_range *r = &s->v[bisect(s->n, begins_by_rank, &search) - 1];

	return addr_add(r->first, rank - r->before);
}

/* Whether x holds more addresses than y, exactly. */
static bool range_is_larger(const struct prefixset_range *x, const struct prefixset_range *y)
{
	struct addr nx = { x->last.hi - x->first.hi - (x->last.lo < x->first.lo),
			   x->last.lo - x->first.lo };
	struct addr ny = { y->last.hi - y->first.hi - (y->last.lo < y->first.lo),
			   y->last.lo - y->first.lo };

	return addr_cmp(nx, ny) > 0;
}

const struct prefixset_range *prefixset_largest(const struct prefixset *s)
{
	const struct prefixset_range *best = s->n ? s->v : NULL;

	for (size_t i = 1; i < s->n; i++) {
		if (range_is_larger(&s->v[i], best))
			best = &s->v[i];
	}
	return best;
}
