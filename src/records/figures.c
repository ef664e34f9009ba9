#include "records/figures.h"

#include <inttypes.h>
#include <string.h>

#include "base/stats.h"
#include "text.h"

void figures_time(struct text *t, double time_s, bool brief)
{
	uint64_t s = (uint64_t)time_s, days = s / 86400, hours = s / 3600 % 24;
	unsigned int minutes = (unsigned int)(s / 60 % 60), seconds = (unsigned int)(s % 60);

	if (days && brief)
		text_add(t, "%" PRIu64 "d %02" PRIu64 "h", days, hours);
	else if (days)
		text_add(t, "%" PRIu64 "d %02" PRIu64 ":%02u:%02u", days, hours, minutes, seconds);
	else if (hours)
		text_add(t, "%" PRIu64 ":%02u:%02u", hours, minutes, seconds);
	else
		text_add(t, "%u:%02u", minutes, seconds);
}

void figures_number(struct text *t, uint64_t n)
{
	static const char *const units[] = { "", " K", " M", " G", " T" };
	uint64_t scale = 1;
	unsigned int i = 0;

	while (n / scale >= 1000 && i < 4) {
		scale *= 1000;
		i++;
	}
	if (i == 0)
		text_add(t, "%" PRIu64, n);
	else
		text_add(t, "%" PRIu64 ".%u%s", n / scale, (unsigned int)(n % scale / (scale / 10)),
			 units[i]);
}

void figures_percent(struct text *t, double percent)
{
	text_add(t, percent >= 1 || percent <= 0 ? "%.1f%%" : "%.3f%%", percent);
}

/* The counter's own name, as words: drop_capture is "capture", table_full "table full". */
static void add_loss_name(struct text *t, const char *name)
{
	if (strncmp(name, "drop_", 5) == 0)
		name += 5;
	for (; *name; name++)
		text_add_bytes(t, *name == '_' ? " " : name, 1);
}

bool figures_losses(struct text *t, const uint64_t *v, const char *before)
{
	bool any = false;

	for (unsigned int i = 0; i < STATS; i++) {
		if (stat_types[i].group != STAT_GROUP_losses || !v[i])
			continue;
		text_add(t, "%s", any ? ", " : before);
		add_loss_name(t, stat_types[i].name);
		text_add(t, " ");
		figures_number(t, v[i]);
		any = true;
	}
	return any;
}
