/*
 * stats: the counters of a run, one table (stats.def). Each thread has its own and writes no
 * others; all are read by any: relaxed atomics, no locks. Every packet that is lost somewhere has
 * its counter here.
 */
#ifndef TFOMAP_STATS_H
#define TFOMAP_STATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "probe.h"
#include "verdict.h"

enum stat_id {
#define STAT(id, owner, group, doc) STAT_##id,
#include "base/stats.def"
	STATS
};

enum stat_group {
#define GROUP(id, doc) STAT_GROUP_##id,
#include "base/stats.def"
	STAT_GROUPS
};

struct stat_group_type {
	const char *name;
	const char *doc;
};

extern const struct stat_group_type stat_groups[STAT_GROUPS];

struct stat_type {
	const char *name;
	enum stat_group group;
	const char *doc;		/* what it counts */
	const char *means;		/* of a loss that can make rows and verdicts wrong: what it
					 * does, and what to do about it; else NULL */
};

extern const struct stat_type stat_types[STATS];

/* The counter of the SYNs of a kind. */
static inline enum stat_id stat_sent(enum probe_kind kind)
{
	return (enum stat_id)(STAT_sent_syn + kind);
}

/* What belongs to one thread, and, chained to it, what belongs to others. */
struct stats {
	const struct stats *more;		/* NULL: no others. Set before the threads start */
	_Atomic uint64_t v[STATS];
	_Atomic uint64_t verdicts[VERDICTS];	/* of the rows */
};

/* Owner thread only, or under the lock that owns it. */
static inline void stat_add(struct stats *s, enum stat_id id, uint64_t n)
{
	atomic_store_explicit(&s->v[id],
			      atomic_load_explicit(&s->v[id], memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline void stat_set(struct stats *s, enum stat_id id, uint64_t n)
{
	atomic_store_explicit(&s->v[id], n, memory_order_relaxed);
}

static inline void stat_add_verdict(struct stats *s, enum verdict v)
{
	atomic_store_explicit(&s->verdicts[v],
			      atomic_load_explicit(&s->verdicts[v], memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

/* Owner thread, before the others start: what belongs to it is read with s, too. */
static inline void stats_chain(struct stats *s, struct stats *other)
{
	other->more = s->more;
	s->more = other;
}

/* Any thread: the sum over the chain. */
static inline uint64_t stat_get(const struct stats *s, enum stat_id id)
{
	uint64_t sum = 0;

	for (; s; s = s->more)
		sum += atomic_load_explicit(&s->v[id], memory_order_relaxed);
	return sum;
}

/* The same of s alone. */
static inline uint64_t stat_own(const struct stats *s, enum stat_id id)
{
	return atomic_load_explicit(&s->v[id], memory_order_relaxed);
}

/* Any thread: all SYNs. */
uint64_t stats_syns(const struct stats *s);

static inline uint64_t stat_get_verdict(const struct stats *s, enum verdict v)
{
	return atomic_load_explicit(&s->verdicts[v], memory_order_relaxed);
}

/*
 * Any thread: the largest number that was given, beside what the chain says elsewhere, which is
 * `rest`.
 */
void stat_raise(struct stats *s, enum stat_id id, uint64_t n, uint64_t rest);

/* Whether nothing was lost that can make rows and verdicts wrong. */
bool stats_sound(const struct stats *s);

#endif
