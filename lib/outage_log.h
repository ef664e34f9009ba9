/*
 * outage_log: when what was sent may not have left the local link. One thread writes, any read. All
 * zero: never.
 */
#ifndef TFOMAP_OUTAGE_LOG_H
#define TFOMAP_OUTAGE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define OUTAGES_MAX 32	/* then the last one grows */

/*
 * Of an interface that takes no packets: shorter outages are a full queue's; kernels look at
 * carriers every second, so that one may have begun or ended that much before it is seen; one that
 * takes nothing for so long has failed (the port of a switch may need a part of that).
 */
#define OUTAGE_LEAST_NS	100000000ull
#define OUTAGE_AFTER_NS	1000000000ull
#define OUTAGE_MAX_NS	10000000000ull

struct outage_log {
	struct {
		uint64_t from_ns;
		_Atomic uint64_t to_ns;
	} v[2][OUTAGES_MAX];		/* [0] IPv4, [1] IPv6 */
	_Atomic unsigned int n[2];
};

static inline void outage_log_add(struct outage_log *g, bool v6, uint64_t from_ns, uint64_t to_ns)
{
	unsigned int n = atomic_load_explicit(&g->n[v6], memory_order_relaxed);

	if (n == OUTAGES_MAX) {
		atomic_store(&g->v[v6][n - 1].to_ns, to_ns);
		return;
	}
	g->v[v6][n].from_ns = from_ns;
	atomic_store_explicit(&g->v[v6][n].to_ns, to_ns, memory_order_relaxed);
	atomic_store_explicit(&g->n[v6], n + 1, memory_order_release);
}

static inline bool outage_log_any(const struct outage_log *g)
{
	return atomic_load(&g->n[0]) || atomic_load(&g->n[1]);
}

/* Whether a time that is known to be in from_ns..to_ns may lie in one of them. */
static inline bool outage_log_overlaps(const struct outage_log *g, bool v6, uint64_t from_ns,
				       uint64_t to_ns)
{
	unsigned int n = atomic_load_explicit(&g->n[v6], memory_order_acquire);

	for (unsigned int i = 0; i < n; i++)
		if (to_ns >= g->v[v6][i].from_ns && from_ns <= atomic_load(&g->v[v6][i].to_ns))
			return true;
	return false;
}

#endif
