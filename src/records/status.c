#include "records/status.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "records/figures.h"
#include "text.h"

#define BAR_MIN	8	/* columns with brackets; below, there is none */
#define BAR_MAX	32

/* What a narrow terminal does without, one after the other; losses stay to the end. */
enum brevity {
	SHOW_ALL, SHOW_NO_HIT_RATE, SHOW_NO_SENT, SHOW_BRIEF, SHOW_NO_REMAINING, SHOW_NO_RATE,
	SHOW_NO_PHASE2, SHOW_NO_ANSWERS, BREVITIES
};

/* What line and row show beside the counters. */
struct status_figures {
	uint64_t wall_ns;
	double elapsed_s;
	double remaining_s;		/* to the next second test, of the cool-down, or of
					 * sending, by how that went so far; < 0: not known */
	bool cooling;
	bool pending;			/* each target got its first probe, more are due */
	bool second_tests;		/* these alone are waited for */
	double share;			/* of the targets, by their first probe */
	uint64_t sent;			/* packets: segments are paced and sent like the rest */
	double sent_pps;
	uint64_t answers;
	double hit_percent;		/* of SYNs */
};

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
	return syns(m) + m->v[STAT_sent_cleanup] + m->v[STAT_sent_segments]
	       + m->v[STAT_sent_neighbour];
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

/* Each target got its first probe, and retries or a plan's later probes are due. */
static bool is_pending(const struct status_moment *m)
{
	return (m->sending || m->pending > m->second_tests) && done(m) >= 1;
}

/* Only second tests are waited for (--confirm). */
static bool awaits_second_tests(const struct status_moment *m)
{
	return m->second_tests && !m->sending && !is_pending(m);
}

static double remaining_s(const struct status_moment *m)
{
	double share = done(m);

	if (awaits_second_tests(m))
		return (double)m->second_test_ns / NS_PER_S;
	if (m->remaining_ns)
		return (double)m->remaining_ns / NS_PER_S;
	/* How long retries take depends on who answers. */
	if (is_pending(m))
		return -1;
	if (share > 0)
		return (double)m->elapsed_ns / NS_PER_S * (1 - share) / share;
	/* Nothing is known before the first packet of a run without a limit. */
	return m->rate_pps > 0 ? (double)m->targets / m->rate_pps : -1;
}

static double sent_pps(const struct status_moment *now, const struct status_moment *prev)
{
	uint64_t n = packets(now), ns = now->elapsed_ns;

	if (prev && prev->elapsed_ns < now->elapsed_ns) {
		n -= packets(prev);
		ns -= prev->elapsed_ns;
	}
	return ns ? (double)n * NS_PER_S / (double)ns : 0;
}

static void figures_init(struct status_figures *f, const struct status_moment *now,
			 const struct status_moment *prev)
{
	uint64_t answers = now->v[STAT_synacks] + now->v[STAT_rsts] + now->v[STAT_icmps];

	*f = (struct status_figures){
		.wall_ns = now->wall_ns,
		.elapsed_s = (double)now->elapsed_ns / NS_PER_S,
		.remaining_s = remaining_s(now),
		.cooling = now->remaining_ns > 0,
		.pending = is_pending(now),
		.second_tests = awaits_second_tests(now),
		.share = done(now),
		.sent = packets(now),
		.sent_pps = sent_pps(now, prev),
		.answers = answers,
		.hit_percent = syns(now) ? 100.0 * (double)answers / (double)syns(now) : 0,
	};
}

/* ---- the line ------------------------------------------------------------------------------ */

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

/* What is still waited for. */
static void add_waits(struct text *t, const struct status_figures *f, const struct status_moment *m,
		      bool brief)
{
	if (f->second_tests) {
		text_add(t, " (second test in ");
		figures_time(t, f->remaining_s, brief);
		text_add(t, ", %" PRIu32 " target%s)", m->second_tests,
			 m->second_tests == 1 ? "" : "s");
		return;
	}
	if (f->pending) {
		text_add(t, " (probes pending)");
		return;
	}
	if (f->remaining_s <= 0 || f->remaining_s > 1e9)	/* 30 years: not worth a figure */
		return;
	text_add(t, " (");
	figures_time(t, f->remaining_s, brief);
	text_add(t, f->cooling ? " cool-down)" : " left)");
}

static void add_sent(struct text *t, const struct status_figures *f, unsigned int brevity)
{
	text_add(t, " | ");
	if (brevity < SHOW_NO_SENT || brevity >= SHOW_NO_RATE) {
		text_add(t, "sent ");
		figures_number(t, f->sent);
	}
	if (brevity < SHOW_NO_SENT)
		text_add(t, ", ");
	if (brevity < SHOW_NO_RATE)
		add_rate(t, f->sent_pps);
}

static void add_answers(struct text *t, const struct status_figures *f,
			const struct status_moment *m, unsigned int brevity)
{
	bool brief = brevity >= SHOW_BRIEF;

	text_add(t, brief ? " | ans " : " | answers ");
	figures_number(t, f->answers);
	if (brevity < SHOW_NO_HIT_RATE) {
		text_add(t, " (");
		figures_percent(t, f->hit_percent);
		text_add(t, ")");
	}
	if (brevity >= SHOW_NO_PHASE2)
		return;
	text_add(t, ", cookies ");
	figures_number(t, m->v[STAT_cookies]);
	text_add(t, brief ? ", acc " : ", accepted ");
	figures_number(t, m->v[STAT_accepted]);
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
static void compose(struct text *head, struct text *tail, const struct status_figures *f,
		    const struct status_moment *now, unsigned int brevity)
{
	text_add(head, " ");
	figures_time(head, f->elapsed_s, brevity >= SHOW_BRIEF);
	text_add(head, " %u%%", (unsigned int)(100 * f->share));
	if (brevity < SHOW_NO_REMAINING)
		add_waits(tail, f, now, brevity >= SHOW_BRIEF);
	add_sent(tail, f, brevity);
	if (brevity < SHOW_NO_ANSWERS)
		add_answers(tail, f, now, brevity);
	figures_losses(tail, now->v, " | drops: ");
}

void status_line(const struct status_moment *now, const struct status_moment *prev,
		 unsigned int width, char out[static STATUS_LEN])
{
	char a[STATUS_LEN], b[STATUS_LEN];
	struct text head, tail, line;
	unsigned int brevity = SHOW_ALL;
	size_t cap = width && width < STATUS_LEN ? width + 1 : STATUS_LEN;
	struct status_figures f;

	figures_init(&f, now, prev);
	do {
		text_init(&head, a, sizeof(a));
		text_init(&tail, b, sizeof(b));
		compose(&head, &tail, &f, now, brevity);
	} while (width && head.len + tail.len > width && ++brevity < BREVITIES);

	text_init(&line, out, cap);
	text_add_bytes(&line, a, head.len);
	if (width && head.len + tail.len + 1 + BAR_MIN <= width) {
		text_add_bytes(&line, " ", 1);
		add_bar(&line, width - head.len - tail.len - 1, f.share);
	}
	text_add_bytes(&line, b, tail.len);
}

/* ---- the row ------------------------------------------------------------------------------- */

static void column_time(struct text *t, const struct status_figures *f)
{
	char text[CLOCK_TEXT_LEN];

	clock_text(f->wall_ns, text);
	text_add(t, "%s", text);
}

static void column_elapsed(struct text *t, const struct status_figures *f)
{
	text_add(t, "%.3f", f->elapsed_s);
}

static void column_remaining(struct text *t, const struct status_figures *f)
{
	if (f->remaining_s >= 0)
		text_add(t, "%.3f", f->remaining_s);
}

static void column_percent(struct text *t, const struct status_figures *f)
{
	text_add(t, "%.4f", 100 * f->share);
}

static void column_sent(struct text *t, const struct status_figures *f)
{
	text_add(t, "%" PRIu64, f->sent);
}

static void column_sent_pps(struct text *t, const struct status_figures *f)
{
	text_add(t, "%.1f", f->sent_pps);
}

static void column_answers(struct text *t, const struct status_figures *f)
{
	text_add(t, "%" PRIu64, f->answers);
}

static void column_hit_percent(struct text *t, const struct status_figures *f)
{
	text_add(t, "%.4f", f->hit_percent);
}

const struct status_column status_columns[] = {
	{ "time", column_time, "the time of the row, UTC" },
	{ "elapsed_s", column_elapsed, "seconds since the start" },
	{ "remaining_s", column_remaining, "seconds that are left: of the cool-down, else of "
	  "sending first probes, by how that went so far; empty: not known" },
	{ "percent", column_percent, "per cent of the targets that got their first probe; retries "
	  "may still be due at 100" },
	{ "sent", column_sent, "packets sent: SYNs, what closes connections, and ARP and neighbour "
	  "replies" },
	{ "sent_pps", column_sent_pps, "these a second, since the row before" },
	{ "answers", column_answers, "synacks, rsts and icmps together" },
	{ "hit_percent", column_hit_percent, "how many per cent of the SYNs these are" },
};

const size_t status_ncolumns = sizeof(status_columns) / sizeof(status_columns[0]);

void status_header(char out[static STATUS_ROW_LEN])
{
	struct text t;

	text_init(&t, out, STATUS_ROW_LEN);
	for (size_t i = 0; i < status_ncolumns; i++)
		text_add(&t, "%s%s", i ? "," : "", status_columns[i].name);
	for (unsigned int i = 0; i < STATS; i++)
		text_add(&t, ",%s", stat_types[i].name);
}

void status_row(const struct status_moment *now, const struct status_moment *prev,
		char out[static STATUS_ROW_LEN])
{
	struct status_figures f;
	struct text t;

	figures_init(&f, now, prev);
	text_init(&t, out, STATUS_ROW_LEN);
	for (size_t i = 0; i < status_ncolumns; i++) {
		text_add(&t, "%s", i ? "," : "");
		status_columns[i].add(&t, &f);
	}
	for (unsigned int i = 0; i < STATS; i++)
		text_add(&t, ",%" PRIu64, now->v[i]);
}
