/* targets_leave: inside of targets: a part of the set is left out, and counted. */
#include <errno.h>

#include "err.h"
#include "targets/targets_load.h"

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

/* n x ports more in a counter, which stays below 2^63. */
static void count(uint64_t *counter, uint64_t n, uint64_t ports)
{
	uint64_t more;

	if (__builtin_mul_overflow(n, ports, &more) || more > INT64_MAX - *counter)
		more = INT64_MAX - *counter;
	*counter += more;
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
	for (size_t i = 0; i < t->set.n && !err; i++)
		err = prefixset_add(&gone, t->set.v[i].first, t->set.v[i].last);
	prefixset_seal(&gone);
	if (!err)
		err = prefixset_intersect(&gone, out);
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

void targets_count(struct targets *t)
{
	t->counts.from_prefixes = t->set.count * t->n_ports;
	t->counts.from_list = t->n_hosts * t->n_ports + (t->list.n - t->n_hosts);
	t->counts.total = t->counts.from_prefixes + t->counts.from_list;
	note_families(t);
}
