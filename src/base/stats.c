#include "base/stats.h"

#include <stddef.h>

const struct stat_type stat_types[STATS] = {
#define STAT(id, owner, group, doc) [STAT_##id] = { #id, STAT_GROUP_##group, doc, NULL },
#define LOSS(id, owner, doc, means) [STAT_##id] = { #id, STAT_GROUP_losses, doc, means },
#include "base/stats.def"
#undef STAT
};

const char *const stat_group_names[STAT_GROUPS] = {
	[STAT_GROUP_syns] = "syns", [STAT_GROUP_sent] = "sent", [STAT_GROUP_replies] = "replies",
	[STAT_GROUP_drops] = "drops", [STAT_GROUP_losses] = "losses", [STAT_GROUP_rows] = "rows",
	[STAT_GROUP_state] = "state",
};

uint64_t stats_syns(const struct stats *s)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < STATS; i++)
		if (stat_types[i].group == STAT_GROUP_syns)
			n += stat_get(s, (enum stat_id)i);
	return n;
}

bool stats_sound(const struct stats *s)
{
	for (unsigned int i = 0; i < STATS; i++)
		if (stat_types[i].means && stat_get(s, (enum stat_id)i))
			return false;
	return true;
}
