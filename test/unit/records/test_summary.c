/* summary: what became of a run, line by line. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/stats.h"
#include "records/summary.h"
#include "unit.h"

static char all[4096];

static void keep(void *arg, const char *text)
{
	size_t len = strlen(all);

	(void)arg;
	snprintf(all + len, sizeof(all) - len, "%s\n", text);
}

static void check(const struct summary *sum, const struct stats *s, const char *want)
{
	all[0] = '\0';
	summary_write(sum, s, keep, NULL);
	ck_assert_str_eq(all, want);
}

static void verdicts(struct stats *s, enum verdict v, unsigned int n)
{
	while (n--) {
		stat_add_verdict(s, v);
		stat_add(s, STAT_targets_done, 1);
	}
}

TEST(sweep)
{
	static struct stats s;
	const struct summary sum = {
		.targets = 1000, .duration_ns = 3723 * NS_PER_S, .end = "complete", .rows = "x.csv",
	};

	stat_add(&s, STAT_targets_started, 1000);
	stat_add(&s, STAT_sent_request, 1000);
	stat_add(&s, STAT_sent_data, 5);
	stat_add(&s, STAT_rows, 9);
	stat_add(&s, STAT_rows_filtered, 2);
	verdicts(&s, VERDICT_ACCEPTED, 4);
	verdicts(&s, VERDICT_NO_COOKIE, 7);
	check(&sum, &s,
		"complete after 1:02:03: 1000 targets, 1005 SYNs sent, 9 rows in 'x.csv', 2 left "
		"out (--output-filter)\n"
		"verdicts: no-cookie 7 (0.700%), accepted 4 (0.400%), silent 989 (98.9%)\n"
		"losses: none\n");
}

TEST(few)
{
	static struct stats s;
	const struct summary sum = { .targets = 3, .duration_ns = NS_PER_S, .end = "stopped" };

	stat_add(&s, STAT_targets_started, 3);
	stat_add(&s, STAT_sent_syn, 1);
	stat_add(&s, STAT_rows, 1);
	stat_add(&s, STAT_unfinished, 1);
	stat_add(&s, STAT_drop_capture, 12);
	stat_add(&s, STAT_table_full, 3);
	verdicts(&s, VERDICT_OFFLINE, 1);
	check(&sum, &s,
		"stopped after 0:01: 3 targets, 1 SYN sent, 1 row on standard output\n"
		"verdicts: offline 1, silent 1, unfinished 1\n"
		"losses: capture 12, table full 3, unfinished 1\n");
}

TEST(nothing)
{
	static struct stats s;
	const struct summary sum = { .end = "failure" };

	check(&sum, &s, "failure after 0:00: 0 targets, 0 SYNs sent, 0 rows on standard output\n"
	      "verdicts: none\nlosses: none\n");
}

/* Of those that were asked, where it was stopped. */
TEST(stopped)
{
	static struct stats s;
	const struct summary sum = {
		.targets = 65536, .duration_ns = 6 * NS_PER_S, .end = "stopped",
		.rows = "/dev/null",
	};

	stat_add(&s, STAT_targets_started, 100);
	stat_add(&s, STAT_sent_request, 100);
	verdicts(&s, VERDICT_ACCEPTED, 25);
	check(&sum, &s,
	      "stopped after 0:06: 100 of 65536 targets, 100 SYNs sent, rows not kept\n"
	      "verdicts: accepted 25 (25.0%), silent 75 (75.0%)\n"
	      "losses: none\n");
}
