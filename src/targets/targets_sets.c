#include "targets/targets_sets.h"

#include <stdlib.h>

#include "prefixset.h"
#include "saturate.h"
#include "targets/targets.h"

int targets_family(bool v6, struct prefixset *out)
{
	const struct addr v4_first = addr_from_v4(0), v4_last = addr_from_v4(UINT32_MAX);
	const struct addr end = { UINT64_MAX, UINT64_MAX };
	int err;

	if (v6) {
		err = prefixset_add(out, (struct addr){ 0, 0 },
				    (struct addr){ 0, v4_first.lo - 1 });
		err = err ? err : prefixset_add(out, addr_add(v4_last, 1), end);
	} else {
		err = prefixset_add(out, v4_first, v4_last);
	}
	prefixset_seal(out);
	return err;
}

/* ---- what is in a set, and what is not ---- */

int targets_within(const struct targets *t, const struct prefixset *in, struct prefixset *out)
{
	int err = 0;

	for (size_t i = 0; i < t->set.n && !err; i++)
		err = prefixset_add(out, t->set.v[i].first, t->set.v[i].last);
	prefixset_seal(out);
	if (!err)
		err = prefixset_intersect(out, in);
	for (size_t i = 0; i < t->list.n && !err; i++)
		if (prefixset_contains(in, t->list.v[i].ip))
			err = prefixset_add(out, t->list.v[i].ip, t->list.v[i].ip);
	return err;
}

/* The first address of the family from first to last that is not in s. */
static bool outside(struct addr first, struct addr last, bool v6, const struct prefixset *s,
		    struct addr *out)
{
	const struct addr v4_first = addr_from_v4(0), v4_last = addr_from_v4(UINT32_MAX);

	if (!v6 && addr_cmp(first, v4_first) < 0)
		first = v4_first;
	for (size_t i = 0; i <= s->n; i++) {
		if (v6 && addr_is_v4(first))
			first = addr_add(v4_last, 1);
		if (addr_cmp(first, last) > 0 || addr_is_v4(first) == v6)
			return false;
		if (i == s->n || addr_cmp(first, s->v[i].first) < 0)
			break;
		if (addr_cmp(s->v[i].last, last) >= 0)
			return false;
		if (addr_cmp(first, s->v[i].last) <= 0)
			first = addr_add(s->v[i].last, 1);
	}
	*out = first;
	return true;
}

bool targets_outside(const struct targets *t, bool v6, const struct prefixset *s, struct addr *out)
{
	for (size_t i = 0; i < t->set.n; i++)
		if (outside(t->set.v[i].first, t->set.v[i].last, v6, s, out))
			return true;
	for (size_t i = 0; i < t->list.n; i++)
		if (outside(t->list.v[i].ip, t->list.v[i].ip, v6, s, out))
			return true;
	return false;
}

/* ---- what is left out ---- */

/* n x ports more in a counter, which stays below 2^63. */
static void count(uint64_t *counter, uint64_t n, uint64_t ports)
{
	uint64_t sum = sat_add(*counter, sat_mul(n, ports));

	*counter = sum < INT64_MAX ? sum : INT64_MAX;
}

static void leave_entries(struct targets *t, const struct prefixset *out, uint64_t *counter)
{
	struct targetlist *l = &t->list;
	size_t n = 0, n_hosts = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct targetlist_entry entry = l->v[i];
		bool is_host = targetlist_port(&entry) == 0;

		if (prefixset_contains(out, entry.ip)) {
			count(counter, 1, is_host ? t->n_ports : 1);
			continue;
		}
		n_hosts += is_host;
		l->v[n++] = entry;
	}
	l->n = n;
	t->n_hosts = n_hosts;
}

int targets_take_out(struct targets *t, const struct prefixset *out, uint64_t *counter)
{
	struct prefixset gone;
	int err = 0;

	prefixset_init(&gone);
	for (size_t i = 0; i < out->n && !err; i++)
		err = prefixset_add(&gone, out->v[i].first, out->v[i].last);
	prefixset_seal(&gone);
	if (!err)
		err = prefixset_intersect(&gone, &t->set);
	if (!err)
		err = prefixset_subtract(&t->set, out);
	if (!err) {
		count(counter, gone.count, t->n_ports);
		leave_entries(t, out, counter);
	}
	prefixset_free(&gone);
	return err;
}

static void note_families(struct targets *t)
{
	const struct addr v4_first = addr_from_v4(0), v4_last = addr_from_v4(UINT32_MAX);

	t->have_v4 = t->have_v6 = false;
	for (size_t i = 0; i < t->set.n; i++) {
		const struct prefixset_range *r = &t->set.v[i];

		t->have_v4 |= addr_cmp(r->first, v4_last) <= 0 && addr_cmp(r->last, v4_first) >= 0;
		t->have_v6 |= addr_cmp(r->first, v4_first) < 0 || addr_cmp(r->last, v4_last) > 0;
	}
	for (size_t i = 0; i < t->list.n; i++) {
		t->have_v4 |= addr_is_v4(t->list.v[i].ip);
		t->have_v6 |= !addr_is_v4(t->list.v[i].ip);
	}
}

/* The list as look-ups have it, beside what its lines say. */
static int arrange_list(struct targets *t)
{
	const struct targetlist *l = &t->list;
	bool v4 = true;
	int err;

	for (size_t i = 0; i < l->n && v4; i++)
		v4 = addr_is_v4(l->v[i].ip);
	free(t->entries);
	err = lookup_init_list(&t->lookup, &t->entries, t->n_hosts, l->n, v4);
	for (size_t i = 0; i < l->n && !err; i++)
		lookup_put_entry(&t->lookup, t->entries, i, l->v[i].ip, targetlist_port(&l->v[i]));
	return err;
}

int targets_arrange(struct targets *t)
{
	int err;

	t->counts.from_prefixes = t->set.count * t->n_ports;
	t->counts.from_list = t->n_hosts * t->n_ports + (t->list.n - t->n_hosts);
	t->counts.total = t->counts.from_prefixes + t->counts.from_list;
	note_families(t);
	free(t->starts);
	t->starts = NULL;
	err = lookup_init(&t->lookup, &t->starts, &t->set, t->n_ports);
	err = err ? err : arrange_list(t);
	t->arrays = (struct lookup_arrays){
		.ranges = t->set.v, .starts = t->starts, .ports = t->ports, .entries = t->entries,
		.ranges_mask = UINT32_MAX, .starts_mask = UINT32_MAX, .ports_mask = UINT32_MAX,
	};
	return err;
}

int targets_leave_out(struct targets *t, const struct prefixset *out, uint64_t *counter)
{
	int err = targets_take_out(t, out, counter);

	return err ? err : targets_arrange(t);
}
