#include "targets/targets.h"

#include <stdlib.h>

#include "bisect.h"
#include "targets/targetlist.h"

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
	free(t->entries);
	free(t);
}

const struct targets_counts *targets_counts(const struct targets *t)
{
	return &t->counts;
}

const struct lookup *targets_flat(const struct targets *t, struct lookup_arrays *out)
{
	*out = t->arrays;
	return &t->lookup;
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

bool targets_is_list(const struct targets *t)
{
	return t->is_list;
}

struct port_search {
	const uint16_t *ports;
	uint16_t port;
};

static bool is_port_before(const void *arg, size_t i)
{
	const struct port_search *search = arg;

	return search->ports[i] < search->port;
}

bool targets_port_rank(const struct targets *t, uint16_t port, uint32_t *rank)
{
	const struct port_search search = { t->ports, port };

	/* Ports in a row need no search. */
	*rank = (uint32_t)(port - t->ports[0]);
	if (*rank < t->n_ports && t->ports[*rank] == port)
		return true;
	*rank = (uint32_t)bisect(t->n_ports, is_port_before, &search);
	return *rank < t->n_ports && t->ports[*rank] == port;
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
