#include "targets/targets.h"

#include <errno.h>
#include <stdlib.h>

#include "err.h"
#include "targets/targetlist.h"
#include "targets/targets_load.h"

/*
 * Three parts follow each other in the index space: the addresses of prefixes x the port list, the
 * list's addresses without port x the port list, and the list's pairs. So memory grows with the
 * lines that were read and never with the number of ports.
 */

void targets_free(struct targets *t)
{
	if (!t)
		return;
	prefixset_free(&t->set);
	targetlist_free(&t->list);
	targetlist_free(&t->merged);
	free(t->ports);
	free(t->starts);
	free(t);
}

static int index_set(struct targets *t)
{
	int err;

	free(t->starts);
	t->starts = NULL;
	err = lookup_init(&t->lookup, &t->starts, &t->set, t->n_ports);
	t->arrays = (struct lookup_arrays){
		.ranges = t->set.v, .starts = t->starts, .ports = t->ports,
		.ranges_mask = UINT32_MAX, .starts_mask = UINT32_MAX, .ports_mask = UINT32_MAX,
	};
	return err;
}

int targets_load(struct targets **out, const struct config *c, struct targetlist *found,
		 struct err *e)
{
	struct targets *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return err_set(e, ENOMEM, "no memory for the targets");
	prefixset_init(&t->set);
	targetlist_init(&t->list);
	targetlist_init(&t->merged);
	if (found) {
		t->list = *found;
		targetlist_init(found);
	}
	err = targets_fill(t, c, e);
	if (!err && index_set(t))
		err = err_set(e, ENOMEM, "no memory for the targets");
	if (err) {
		targets_free(t);
		return err;
	}
	*out = t;
	return 0;
}

int targets_leave_out(struct targets *t, const struct prefixset *out, uint64_t *counter)
{
	int err = targets_take_out(t, out, counter);

	targets_count(t);
	return err ? err : index_set(t);
}

const struct targets_counts *targets_counts(const struct targets *t)
{
	return &t->counts;
}

bool targets_flat(const struct targets *t, struct targets_flat *out)
{
	*out = (struct targets_flat){
		.lookup = &t->lookup, .ranges = t->set.v, .starts = t->starts, .ports = t->ports,
	};
	return t->counts.from_prefixes == t->counts.total;
}

bool targets_have_extra(const struct targets *t)
{
	return t->list.has_extra;
}

bool targets_have_v4(const struct targets *t)
{
	return t->have_v4;
}

bool targets_have_v6(const struct targets *t)
{
	return t->have_v6;
}

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

bool targets_is_list(const struct targets *t)
{
	return t->is_list;
}

struct target targets_at_list(const struct targets *t, uint64_t i)
{
	const struct targetlist_entry *entry;
	uint64_t host;
	uint32_t nth;

	i -= t->counts.from_prefixes;
	host = lookup_split(&t->lookup, i, &nth);
	if (host < t->n_hosts)
		return (struct target){ t->list.v[host].ip, t->ports[nth] };
	entry = &t->list.v[t->n_hosts + (i - t->n_hosts * t->n_ports)];
	return (struct target){ entry->ip, targetlist_port(entry) };
}

bool targets_port_rank(const struct targets *t, uint16_t port, uint32_t *rank)
{
	uint32_t low = 0, high = t->n_ports;

	/* Ports in a row need no search. */
	*rank = (uint32_t)(port - t->ports[0]);
	if (*rank < t->n_ports && t->ports[*rank] == port)
		return true;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (t->ports[mid] < port)
			low = mid + 1;
		else
			high = mid;
	}
	*rank = low;
	return low < t->n_ports && t->ports[low] == port;
}

bool targets_index(const struct targets *t, struct addr ip, uint16_t port, uint64_t *i)
{
	uint64_t host_pairs = t->n_hosts * t->n_ports, rank;
	const struct targetlist_entry *entry;
	uint32_t port_rank;

	if (targets_port_rank(t, port, &port_rank)) {
		if (prefixset_rank(&t->set, ip, &rank)) {
			*i = rank * t->n_ports + port_rank;
			return true;
		}
		entry = targetlist_find(&t->list, 0, t->n_hosts, ip, 0);
		if (entry) {
			rank = (uint64_t)(entry - t->list.v);
			*i = t->counts.from_prefixes + rank * t->n_ports + port_rank;
			return true;
		}
	}
	entry = targetlist_find(&t->list, t->n_hosts, t->list.n, ip, port);
	if (!entry)
		return false;
	*i = t->counts.from_prefixes + host_pairs + (uint64_t)(entry - t->list.v) - t->n_hosts;
	return true;
}

void targets_extra(const struct targets *t, uint64_t i, struct target_extra *x)
{
	const struct target target = targets_at(t, i);
	const struct targetlist_entry *first = NULL;
	const struct targetlist *lists[] = { &t->list, &t->merged };
	uint32_t rank;
	bool by_host;

	target_extra_clear(x);
	if (!t->list.has_extra)
		return;
	/* Lines with its port name a pair; and lines without, where it is one of --target-ports. */
	by_host = targets_port_rank(t, target.port, &rank);
	for (unsigned int k = 0; k < 4; k++) {
		const struct targetlist *l = lists[k / 2];
		const struct targetlist_entry *entry;

		if (k % 2 && !by_host)
			continue;
		entry = targetlist_find(l, 0, l->n, target.ip, k % 2 ? 0 : target.port);
		if (entry && (!first || targetlist_origin(entry) < targetlist_origin(first)))
			first = entry;
	}
	if (first)
		targetlist_extra(&t->list, first, x);
}
