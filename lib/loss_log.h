/*
 * loss_log: when answers may have come that were lost before they were read: silence proves nothing
 * then. One thread's, or one lock's. All zero: never.
 */
#ifndef TFOMAP_LOSS_LOG_H
#define TFOMAP_LOSS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOSSES_MAX 32u

struct loss_log {
	struct {
		uint64_t from_ns, to_ns;
	} v[LOSSES_MAX];		/* a ring, by time */
	unsigned int n;			/* so far */
	uint64_t forgotten_ns;		/* of those that had no room any more: the last one's end */
};

/* Something was lost between two times, not long before those of the last call. */
static inline void loss_log_add(struct loss_log *g, uint64_t from_ns, uint64_t to_ns)
{
	unsigned int at = g->n % LOSSES_MAX, last = (g->n + LOSSES_MAX - 1) % LOSSES_MAX;

	if (g->n && from_ns <= g->v[last].to_ns) {
		if (from_ns < g->v[last].from_ns)
			g->v[last].from_ns = from_ns;
		if (to_ns > g->v[last].to_ns)
			g->v[last].to_ns = to_ns;
		return;
	}
	if (g->n >= LOSSES_MAX)
		g->forgotten_ns = g->v[at].to_ns;
	g->v[at].from_ns = from_ns;
	g->v[at].to_ns = to_ns;
	g->n++;
}

/* Whether what came between two times may have been lost. */
static inline bool loss_log_overlaps(const struct loss_log *g, uint64_t from_ns, uint64_t to_ns)
{
	if (g->forgotten_ns && from_ns <= g->forgotten_ns)
		return true;
	for (unsigned int i = 0; i < LOSSES_MAX && i < g->n; i++)
		if (to_ns >= g->v[i].from_ns && from_ns <= g->v[i].to_ns)
			return true;
	return false;
}

#endif
