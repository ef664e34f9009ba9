#include "records/summary.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stats.h"
#include "records/figures.h"
#include "text.h"
#include "verdict.h"

#define LINE_LEN	900

static uint64_t syns(const struct stats *s)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < STATS; i++)
		if (stat_types[i].group == STAT_GROUP_syns)
			n += stat_get(s, (enum stat_id)i);
	return n;
}

/* Targets that got a probe. */
static uint64_t begun(const struct stats *s)
{
	return stat_get(s, STAT_targets_started);
}

static void add_run(struct text *t, const struct summary *sum, const struct stats *s)
{
	uint64_t rows = stat_get(s, STAT_rows), filtered = stat_get(s, STAT_rows_filtered);

	text_add(t, "%s after ", sum->end);
	figures_time(t, (double)sum->duration_ns / NS_PER_S, false);
	text_add(t, ": ");
	if (begun(s) < sum->targets)
		text_add(t, "%" PRIu64 " of ", begun(s));
	text_add(t, "%" PRIu64 " target%s, %" PRIu64 " SYN%s sent, ", sum->targets,
		 log_s(sum->targets), syns(s), log_s(syns(s)));
	if (sum->rows && strcmp(sum->rows, "/dev/null") == 0)
		text_add(t, "rows not kept");
	else if (sum->rows)
		text_add(t, "%" PRIu64 " row%s in '%.200s'", rows, log_s(rows), sum->rows);
	else
		text_add(t, "%" PRIu64 " row%s on standard output", rows, log_s(rows));
	if (filtered)
		text_add(t, ", %" PRIu64 " left out (--output-filter)", filtered);
}

/* Silent targets have no verdict of their own where they get no row. */
static uint64_t silent(const struct stats *s)
{
	uint64_t known = stat_get(s, STAT_targets_done) + stat_get(s, STAT_unfinished);

	return begun(s) > known ? begun(s) - known : 0;
}

static void add_one(struct text *t, const char *name, uint64_t n, uint64_t all)
{
	if (!n)
		return;
	text_add(t, "%s%s %" PRIu64, t->len ? ", " : "verdicts: ", name, n);
	if (all >= 10) {
		text_add(t, " (");
		figures_percent(t, 100.0 * (double)n / (double)all);
		text_add(t, ")");
	}
}

/* The most frequent first. */
static void add_verdicts(struct text *t, const struct stats *s)
{
	uint64_t left[VERDICTS];

	for (unsigned int v = 0; v < VERDICTS; v++)
		left[v] = stat_get_verdict(s, (enum verdict)v);
	for (unsigned int k = 0; k < VERDICTS; k++) {
		unsigned int most = 0;

		for (unsigned int v = 1; v < VERDICTS; v++)
			most = left[v] > left[most] ? v : most;
		add_one(t, verdict_types[most].name, left[most], begun(s));
		left[most] = 0;
	}
	add_one(t, "silent", silent(s), begun(s));
	add_one(t, "unfinished", stat_get(s, STAT_unfinished), begun(s));
	if (!t->len)
		text_add(t, "verdicts: none");
}

void summary_write(const struct summary *sum, const struct stats *s,
		   void (*line)(void *arg, const char *text), void *arg)
{
	char text[LINE_LEN];
	uint64_t v[STATS];
	struct text t;

	text_init(&t, text, sizeof(text));
	add_run(&t, sum, s);
	line(arg, text);
	text_init(&t, text, sizeof(text));
	add_verdicts(&t, s);
	line(arg, text);
	for (unsigned int i = 0; i < STATS; i++)
		v[i] = stat_get(s, (enum stat_id)i);
	text_init(&t, text, sizeof(text));
	if (!figures_losses(&t, v, "losses: "))
		text_add(&t, "losses: none");
	line(arg, text);
}
