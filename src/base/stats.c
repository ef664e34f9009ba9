#include "base/stats.h"

#include <stddef.h>

const struct stat_type stat_types[STATS] = {
#define STAT(id, owner, group, doc) [STAT_##id] = { #id, STAT_GROUP_##group, doc, NULL },
#define LOSS(id, owner, doc, means) [STAT_##id] = { #id, STAT_GROUP_losses, doc, means },
#include "base/stats.def"
};

const struct stat_group_type stat_groups[STAT_GROUPS] = {
#define GROUP(id, doc) [STAT_GROUP_##id] = { #id, doc },
#include "base/stats.def"
};

uint64_t stats_syns(const struct stats *s)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < STATS; i++)
		if (stat_types[i].group == STAT_GROUP_syns)
			n += stat_get(s, (enum stat_id)i);
	return n;
}

void stat_raise(struct stats *s, enum stat_id id, uint64_t n, uint64_t rest)
{
	uint64_t before = atomic_load_explicit(&s->v[id], memory_order_relaxed);

	while (n > rest + before
	       && !atomic_compare_exchange_weak_explicit(&s->v[id], &before, n - rest,
							 memory_order_relaxed,
							 memory_order_relaxed))
		;
}

bool stats_sound(const struct stats *s)
{
	for (unsigned int i = 0; i < STATS; i++)
		if (stat_types[i].means && stat_get(s, (enum stat_id)i))
			return false;
	return true;
}
