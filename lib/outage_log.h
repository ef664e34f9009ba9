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
 * Of an interface that takes no packets: shorter outages are a full queue's; after one, answers
 * may not find back for as long as the other end asks for this one's hardware address (RFC 4861
 * section 10: three times, a second apart; ARP the same); one that takes nothing for so long has
 * failed (the port of a switch may need a part of that).
 */
#define OUTAGE_LEAST_NS	100000000ull
#define OUTAGE_AFTER_NS	3000000000ull
#define OUTAGE_MAX_NS	10000000000ull

/* What was out: all that is sent by the link, or what goes to the gateway of one family. */
enum outage_of { OUTAGE_GATEWAY_V4, OUTAGE_GATEWAY_V6, OUTAGE_LINK, OUTAGE_KINDS };

struct outage_log {
	struct {
		uint64_t from_ns;
		_Atomic uint64_t to_ns;
	} v[OUTAGE_KINDS][OUTAGES_MAX];
	_Atomic unsigned int n[OUTAGE_KINDS];
};

static inline enum outage_of outage_of_gateway(bool v6)
{
	return v6 ? OUTAGE_GATEWAY_V6 : OUTAGE_GATEWAY_V4;
}

/* to_ns UINT64_MAX: it goes on. */
static inline void outage_log_add(struct outage_log *g, enum outage_of of, uint64_t from_ns,
				  uint64_t to_ns)
{
	unsigned int n = atomic_load_explicit(&g->n[of], memory_order_relaxed);

	if (n == OUTAGES_MAX) {
		atomic_store(&g->v[of][n - 1].to_ns, to_ns);
		return;
	}
	g->v[of][n].from_ns = from_ns;
	atomic_store_explicit(&g->v[of][n].to_ns, to_ns, memory_order_relaxed);
	atomic_store_explicit(&g->n[of], n + 1, memory_order_release);
}

/* When the newest one ends, which was added with a time to come. */
static inline void outage_log_end(struct outage_log *g, enum outage_of of, uint64_t to_ns)
{
	unsigned int n = atomic_load_explicit(&g->n[of], memory_order_relaxed);

	atomic_store(&g->v[of][n - 1].to_ns, to_ns);
}

static inline bool outage_log_any(const struct outage_log *g)
{
	for (unsigned int of = 0; of < OUTAGE_KINDS; of++)
		if (atomic_load(&g->n[of]))
			return true;
	return false;
}

/* Whether a time that is known to be in from_ns..to_ns may lie in one of them. */
static inline bool outage_log_overlaps(const struct outage_log *g, enum outage_of of,
				       uint64_t from_ns, uint64_t to_ns)
{
	unsigned int n = atomic_load_explicit(&g->n[of], memory_order_acquire);

	for (unsigned int i = 0; i < n; i++)
		if (to_ns >= g->v[of][i].from_ns && from_ns <= atomic_load(&g->v[of][i].to_ns))
			return true;
	return false;
}

#endif
