#include "status.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "clock.h"
#include "text.h"

#define BAR_MIN	8	/* columns with brackets; below, there is none */
#define BAR_MAX	32

/* What a narrow terminal does without, one after the other; losses stay to the end. */
enum brevity {
	SHOW_ALL, SHOW_NO_REMAINING, SHOW_NO_RATE, SHOW_NO_PHASE2, SHOW_NO_ANSWERS, BREVITIES
};

/* All SYNs, and all packets: clean-up is paced and sent like the rest. */
static uint64_t syns(const struct status_moment *m)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < STATS; i++)
		if (stat_types[i].group == STAT_GROUP_syns)
			n += m->v[i];
	return n;
}

static uint64_t packets(const struct status_moment *m)
{
	return syns(m) + m->v[STAT_sent_cleanup];
}

/* 1 only at the end, however many targets there are. */
static double done(const struct status_moment *m)
{
	double share;

	if (m->v[STAT_targets_started] >= m->targets)
		return 1;
	share = (double)m->v[STAT_targets_started] / (double)m->targets;
	return share < 0.999999 ? share : 0.999999;
}

static void add_time(struct text *t, uint64_t ns)
{
	uint64_t s = ns / NS_PER_S, days = s / 86400, hours = s / 3600 % 24;
	unsigned int minutes = (unsigned int)(s / 60 % 60), seconds = (unsigned int)(s % 60);

	if (days)
		text_add(t, "%" PRIu64 "d %02" PRIu64 ":%02u:%02u", days, hours, minutes, seconds);
	else if (hours)
		text_add(t, "%" PRIu64 ":%02u:%02u", hours, minutes, seconds);
	else
		text_add(t, "%u:%02u", minutes, seconds);
}

/* 999, 1.2 K, 50.1 M; never rounded up, so that a count does not run ahead of itself. */
static void add_number(struct text *t, uint64_t n)
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

static void add_rate(struct text *t, double pps)
{
	static const char *const units[] = { "", "K", "M", "G" };
	unsigned int i = 0;

	while (pps >= 999.95 && i < 3) {
		pps /= 1000;
		i++;
	}
	text_add(t, "%.1f %sp/s", pps, units[i]);
}

/* Small shares are what a scan is about: 0.092 % must not read as 0.1 %. */
static void add_share(struct text *t, uint64_t part, uint64_t whole)
{
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;

	text_add(t, percent >= 1 || percent <= 0 ? "%.1f%%" : "%.3f%%", percent);
}

/* Nothing where nothing is known: before the first packet of a run without a limit. */
static void add_remaining(struct text *t, const struct status_moment *m)
{
	double share = done(m), left_s;

	if (m->remaining_ns) {
		text_add(t, " (");
		add_time(t, m->remaining_ns);
		text_add(t, " cool-down)");
		return;
	}
	if (share >= 1)
		return;
	if (share > 0)
		left_s = (double)m->elapsed_ns / NS_PER_S * (1 - share) / share;
	else if (m->rate_pps > 0)
		left_s = (double)m->targets / m->rate_pps;
	else
		return;
	if (left_s > 1e9)	/* 30 years: not worth a figure */
		return;
	text_add(t, " (");
	add_time(t, (uint64_t)(left_s * NS_PER_S));
	text_add(t, " left)");
}

static void add_sent(struct text *t, const struct status_moment *now,
		     const struct status_moment *prev, bool rate)
{
	uint64_t n = packets(now), ns = now->elapsed_ns;

	text_add(t, " | sent ");
	add_number(t, n);
	if (!rate)
		return;
	if (prev && prev->elapsed_ns < now->elapsed_ns) {
		n -= packets(prev);
		ns -= prev->elapsed_ns;
	}
	text_add(t, ", ");
	add_rate(t, ns ? (double)n * NS_PER_S / (double)ns : 0);
}

static void add_answers(struct text *t, const struct status_moment *m, bool phase2)
{
	uint64_t n = m->v[STAT_synacks] + m->v[STAT_rsts] + m->v[STAT_icmps];

	text_add(t, " | answers ");
	add_number(t, n);
	text_add(t, " (");
	add_share(t, n, syns(m));
	text_add(t, ")");
	if (!phase2)
		return;
	text_add(t, ", cookies ");
	add_number(t, m->v[STAT_cookies]);
	text_add(t, ", accepted ");
	add_number(t, m->v[STAT_accepted]);
}

/* The counter's own name, as words: drop_capture is "capture", table_full "table full". */
static void add_loss_name(struct text *t, const char *name)
{
	if (strncmp(name, "drop_", 5) == 0)
		name += 5;
	for (; *name; name++)
		text_add_bytes(t, *name == '_' ? " " : name, 1);
}

static void add_losses(struct text *t, const struct status_moment *m)
{
	const char *before = " | drops: ";

	for (unsigned int i = 0; i < STATS; i++) {
		if (stat_types[i].group != STAT_GROUP_losses || !m->v[i])
			continue;
		text_add(t, "%s", before);
		add_loss_name(t, stat_types[i].name);
		text_add(t, " ");
		add_number(t, m->v[i]);
		before = ", ";
	}
}

static void add_bar(struct text *t, size_t width, double share)
{
	size_t inner, filled;

	if (width > BAR_MAX)
		width = BAR_MAX;
	inner = width - 2;
	filled = (size_t)(share * (double)inner);
	text_add_bytes(t, "[", 1);
	for (size_t i = 0; i < inner; i++)
		text_add_bytes(t, i < filled ? "=" : i == filled ? ">" : " ", 1);
	text_add_bytes(t, "]", 1);
}

/* What comes before the bar, resp. after it. */
static void compose(struct text *head, struct text *tail, const struct status_moment *now,
		    const struct status_moment *prev, unsigned int brevity)
{
	text_add(head, " ");
	add_time(head, now->elapsed_ns);
	text_add(head, " %u%%", (unsigned int)(100 * done(now)));
	if (brevity < SHOW_NO_REMAINING)
		add_remaining(tail, now);
	add_sent(tail, now, prev, brevity < SHOW_NO_RATE);
	if (brevity < SHOW_NO_ANSWERS)
		add_answers(tail, now, brevity < SHOW_NO_PHASE2);
	add_losses(tail, now);
}

void status_line(const struct status_moment *now, const struct status_moment *prev,
		 unsigned int width, char out[static STATUS_LEN])
{
	char a[STATUS_LEN], b[STATUS_LEN];
	struct text head, tail, line;
	unsigned int brevity = SHOW_ALL;
	size_t cap = width && width < STATUS_LEN ? width + 1 : STATUS_LEN;

	do {
		text_init(&head, a, sizeof(a));
		text_init(&tail, b, sizeof(b));
		compose(&head, &tail, now, prev, brevity);
	} while (width && head.len + tail.len > width && ++brevity < BREVITIES);

	text_init(&line, out, cap);
	text_add_bytes(&line, a, head.len);
	if (width && head.len + tail.len + 1 + BAR_MIN <= width) {
		text_add_bytes(&line, " ", 1);
		add_bar(&line, width - head.len - tail.len - 1, done(now));
	}
	text_add_bytes(&line, b, tail.len);
}
