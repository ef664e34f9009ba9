#include "targets/targets_merge.h"

#include "prefixset.h"
#include "saturate.h"
#include "targets/targetlist.h"
#include "targets/targets.h"

/* The pairs that an entry stands for. */
static uint64_t entry_pairs(const struct targets *t, const struct targetlist_entry *entry)
{
	return targetlist_port(entry) ? 1 : t->n_ports;
}

/* Sorts the list and drops entries that repeat another. */
static void drop_repeats(struct targets *t)
{
	struct targetlist *l = &t->list;
	size_t n = 0;

	targetlist_sort(l);
	for (size_t i = 0; i < l->n; i++) {
		if (n && addr_eq(l->v[n - 1].ip, l->v[i].ip) &&
		    targetlist_port(&l->v[n - 1]) == targetlist_port(&l->v[i]))
			t->counts.merged += entry_pairs(t, &l->v[i]);
		else
			l->v[n++] = l->v[i];
	}
	l->n = n;
}

static bool is_covered(const struct targets *t, const struct targetlist_entry *entry)
{
	uint16_t port = targetlist_port(entry);
	uint32_t rank;

	if (port && !targets_port_rank(t, port, &rank))
		return false;
	return prefixset_contains(&t->set, entry->ip) ||
	       (port && targetlist_find(&t->list, 0, t->n_hosts, entry->ip, 0));
}

/* Moves entries whose pairs are in another part out of the list. */
static int merge_parts(struct targets *t, struct err *e)
{
	struct targetlist *l = &t->list;
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < l->n && !err; i++) {
		const struct targetlist_entry entry = l->v[i];

		/* Those without port come first: all are in place when pairs look there. */
		if (!is_covered(t, &entry)) {
			t->n_hosts += targetlist_port(&entry) == 0;
			l->v[n++] = entry;
			continue;
		}
		t->counts.merged += entry_pairs(t, &entry);
		if (l->has_extra)
			err = targetlist_add(&t->merged, entry.ip, targetlist_port(&entry),
					     targetlist_origin(&entry), e);
	}
	l->n = n;
	return err;
}

/* The addresses that were named in prefixes and words, repeats and all. */
static uint64_t named_addresses(const struct prefixset *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n = sat_add(n, sat_add(addr_diff(s->v[i].last, s->v[i].first), 1));
	return n;
}

int targets_merge(struct targets *t, struct err *e)
{
	uint64_t named = named_addresses(&t->set);

	prefixset_seal(&t->set);
	t->counts.merged = sat_mul(named - t->set.count, t->n_ports);
	drop_repeats(t);
	return merge_parts(t, e);
}
