#include "unit.h"

#include <string.h>

#include "base/clock.h"
#include "records/status.h"

static const struct status_moment start = {
	.targets = 400000, .rate_pps = 10000, .sending = true,
};

/* 5 s into a scan of 400,000 targets. */
static struct status_moment busy(void)
{
	struct status_moment m = start;

	m.elapsed_ns = 5 * NS_PER_S;
	m.v[STAT_targets_started] = 50000;
	m.v[STAT_sent_request] = 50070;
	m.v[STAT_sent_data] = 30;
	m.v[STAT_sent_retries] = 70;
	m.v[STAT_sent_cleanup] = 60;
	m.v[STAT_sent_bytes] = 4000000;
	m.v[STAT_synacks] = 1000;
	m.v[STAT_rsts] = 250;
	m.v[STAT_icmps] = 5;
	m.v[STAT_cookies] = 30;
	m.v[STAT_accepted] = 28;
	m.v[STAT_requeued] = 9;
	m.v[STAT_drop_unmatched] = 77;
	return m;
}

static void check_line(const struct status_moment *now, const struct status_moment *prev,
		       unsigned int width, const char *want)
{
	char line[STATUS_LEN];

	status_line(now, prev, width, line);
	ck_assert_str_eq(line, want);
}

TEST(whole_line)
{
	struct status_moment now = busy(), prev = busy();

	check_line(&now, NULL, 0, " 0:05 12% (0:35 left) | sent 50.1 K, 10.0 Kp/s | answers 1.2 K "
		   "(2.5%), cookies 30, accepted 28");
	prev.elapsed_ns -= NS_PER_S / 2;
	prev.v[STAT_sent_request] -= 1000;
	prev.v[STAT_sent_cleanup] -= 10;
	check_line(&now, &prev, 0, " 0:05 12% (0:35 left) | sent 50.1 K, 2.0 Kp/s | answers 1.2 K "
		   "(2.5%), cookies 30, accepted 28");
	check_line(&now, &now, 0, " 0:05 12% (0:35 left) | sent 50.1 K, 10.0 Kp/s | answers 1.2 K "
		   "(2.5%), cookies 30, accepted 28");
}

TEST(losses_by_name)
{
	struct status_moment now = busy();

	now.v[STAT_drop_capture] = 12;
	now.v[STAT_table_full] = 3500;
	check_line(&now, NULL, 0, " 0:05 12% (0:35 left) | sent 50.1 K, 10.0 Kp/s | answers 1.2 K "
		   "(2.5%), cookies 30, accepted 28 | drops: capture 12, table full 3.5 K");
}

TEST(every_loss_shows)
{
	for (unsigned int i = 0; i < STATS; i++) {
		struct status_moment now = start;
		char line[STATUS_LEN];

		now.v[i] = 5;
		status_line(&now, NULL, 0, line);
		ck_assert_int_eq(strstr(line, "drops:") != NULL,
				 stat_types[i].group == STAT_GROUP_losses);
	}
}

TEST(first_and_last_moment)
{
	struct status_moment now = start;

	check_line(&now, NULL, 0, " 0:00 0% (0:40 left) | sent 0, 0.0 p/s | answers 0 (0.0%), "
		   "cookies 0, accepted 0");
	now.rate_pps = 0;
	check_line(&now, NULL, 0, " 0:00 0% | sent 0, 0.0 p/s | answers 0 (0.0%), "
		   "cookies 0, accepted 0");
	now = busy();
	now.elapsed_ns = 3723 * NS_PER_S;
	now.v[STAT_targets_started] = now.targets;
	now.sending = false;
	now.remaining_ns = 7 * NS_PER_S;
	check_line(&now, NULL, 0, " 1:02:03 100% (0:07 cool-down) | sent 50.1 K, 13.5 p/s | "
		   "answers 1.2 K (2.5%), cookies 30, accepted 28");
	now.remaining_ns = 0;
	now.sending = true;
	check_line(&now, NULL, 0, " 1:02:03 100% (probes pending) | sent 50.1 K, 13.5 p/s | "
		   "answers 1.2 K (2.5%), cookies 30, accepted 28");
	now.sending = false;
	now.elapsed_ns = 90061 * NS_PER_S;
	check_line(&now, NULL, 0, " 1d 01:01:01 100% | sent 50.1 K, 0.6 p/s | "
		   "answers 1.2 K (2.5%), cookies 30, accepted 28");
}

/* What is waited for, once each target got its first probe. */
static const struct {
	const char *text;
	bool sending;
	uint32_t pending, second_tests;
	unsigned int test_s, cooldown_s;
} waits[] = {
	{ " 0:05 100% (second test in 0:42, 1 target) | sent", false, 1, 1, 42, 0 },
	{ " 0:05 100% (second test in 0:42, 3 targets) | sent", false, 3, 3, 42, 7 },
	{ " 0:05 100% (probes pending) | sent", false, 4, 3, 42, 7 },
	{ " 0:05 100% (probes pending) | sent", true, 3, 3, 42, 0 },
	{ " 0:05 100% (probes pending) | sent", false, 1, 0, 0, 7 },
	{ " 0:05 100% (0:07 cool-down) | sent", false, 0, 0, 0, 7 },
	{ " 0:05 100% | sent", false, 0, 0, 0, 0 },
};

TEST_EACH(waits, waits)
{
	struct status_moment now = busy();
	char line[STATUS_LEN];

	now.v[STAT_targets_started] = now.targets;
	now.sending = row->sending;
	now.pending = row->pending;
	now.second_tests = row->second_tests;
	now.second_test_ns = row->test_s * NS_PER_S;
	now.remaining_ns = row->cooldown_s * NS_PER_S;
	status_line(&now, NULL, 0, line);
	ck_assert_msg(strncmp(line, row->text, strlen(row->text)) == 0, "%s", line);
}

/* At 80 columns what people look for stays, however long the scan and large the figures. */
TEST(eighty_columns)
{
	struct status_moment now = busy();

	check_line(&now, NULL, 80, " 0:05 12% (0:35 left) | 10.0 Kp/s | answers 1.2 K, cookies "
		   "30, accepted 28");
	now.targets = 4000000000000;
	now.elapsed_ns = 400000 * NS_PER_S;
	now.v[STAT_targets_started] = 2000000000000;
	now.v[STAT_sent_request] = 399999999999;
	now.v[STAT_synacks] = 123456789012;
	now.v[STAT_cookies] = 12345678901;
	now.v[STAT_accepted] = 1234567890;
	check_line(&now, NULL, 80, " 4d 15h 50% (4d 15h left) | 1.0 Mp/s | ans 123.4 G, cookies "
		   "12.3 G, acc 1.2 G");
}

TEST(never_100_before_the_end)
{
	struct status_moment now = start;
	char line[STATUS_LEN];

	now.elapsed_ns = NS_PER_S;
	now.targets = 1ull << 62;
	now.v[STAT_targets_started] = now.targets - 1;
	status_line(&now, NULL, 0, line);
	ck_assert_ptr_nonnull(strstr(line, " 99% "));
}

/* A deployment scan lives below 1 %. */
TEST(small_shares)
{
	struct status_moment now = busy();
	char line[STATUS_LEN];

	now.v[STAT_synacks] = 46;
	now.v[STAT_rsts] = now.v[STAT_icmps] = 0;
	status_line(&now, NULL, 0, line);
	ck_assert_ptr_nonnull(strstr(line, "answers 46 (0.092%)"));
}

static const struct {
	uint64_t n;
	const char *text;
} cases[] = {
	{ 0, "cookies 0," }, { 999, "cookies 999," }, { 1000, "cookies 1.0 K," },
	{ 99999, "cookies 99.9 K," }, { 999999, "cookies 999.9 K," },
	{ 1000000, "cookies 1.0 M," }, { 123456789012345ull, "cookies 123.4 T," },
};

TEST_EACH(numbers_do_not_run_ahead, cases)
{
	struct status_moment now = busy();
	char line[STATUS_LEN];

	now.v[STAT_cookies] = row->n;
	status_line(&now, NULL, 0, line);
	ck_assert_ptr_nonnull(strstr(line, row->text));
}

TEST(bar_takes_the_room)
{
	struct status_moment now = busy();

	check_line(&now, NULL, 120, " 0:05 12% [==>                    ] (0:35 left) | sent "
		   "50.1 K, 10.0 Kp/s | answers 1.2 K (2.5%), cookies 30, accepted 28");
	now.v[STAT_targets_started] = now.targets;
	now.sending = false;
	check_line(&now, NULL, 200, " 0:05 100% [==============================] | sent 50.1 K, "
		   "10.0 Kp/s | answers 1.2 K (2.5%), cookies 30, accepted 28");
}

TEST(fits_every_width)
{
	struct status_moment now = busy();
	char line[STATUS_LEN];

	now.v[STAT_drop_capture] = 12;
	for (unsigned int width = 1; width < 600; width++) {
		status_line(&now, NULL, width, line);
		ck_assert_uint_le(strlen(line), width);
		if (width >= 60)	/* what matters most is the last to go */
			ck_assert_ptr_nonnull(strstr(line, "drops: capture 12"));
		if (width >= 130)
			ck_assert_ptr_nonnull(strstr(line, "] (0:35 left)"));
	}
}

/* The largest of everything is still one line within its buffer. */
TEST(largest_figures)
{
	struct status_moment now;
	char line[STATUS_LEN];

	memset(&now, 0xff, sizeof(now));
	now.targets = UINT64_MAX;
	now.sending = true;
	now.rate_pps = 1e9;
	status_line(&now, NULL, 0, line);
	ck_assert_ptr_nonnull(memchr(line, '\0', sizeof(line)));
	ck_assert_ptr_null(strchr(line, '\n'));
	ck_assert_ptr_nonnull(strstr(line, "drops: not sent 18446744.0 T"));
}

/* Splits a row at its commas, in place; returns how many columns there are. */
static size_t split(char *row, char **columns, size_t max)
{
	size_t n = 0;

	for (char *s = row; s; n++) {
		ck_assert_uint_lt(n, max);
		columns[n] = s;
		s = strchr(s, ',');
		if (s)
			*s++ = '\0';
	}
	return n;
}

#define COLUMNS_MAX (STATS + 16)

/* A moment as a row, by the names of its columns. */
static const char *column(const struct status_moment *now, const struct status_moment *prev,
			  const char *name)
{
	static char header[STATUS_ROW_LEN], row[STATUS_ROW_LEN];
	char *names[COLUMNS_MAX], *values[COLUMNS_MAX];
	size_t n;

	status_header(header);
	status_row(now, prev, row);
	n = split(header, names, COLUMNS_MAX);
	ck_assert_uint_eq(split(row, values, COLUMNS_MAX), n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return values[i];
	ck_abort_msg("no column %s", name);
	return NULL;
}

TEST(row_has_every_figure)
{
	struct status_moment now = busy(), prev = busy();

	now.wall_ns = 1700000000123456789ull;
	prev.elapsed_ns -= NS_PER_S / 2;
	prev.v[STAT_sent_request] -= 1000;
	prev.v[STAT_sent_cleanup] -= 10;
	ck_assert_str_eq(column(&now, &prev, "time"), "2023-11-14T22:13:20.123456Z");
	ck_assert_str_eq(column(&now, &prev, "elapsed_s"), "5.000");
	ck_assert_str_eq(column(&now, &prev, "remaining_s"), "35.000");
	ck_assert_str_eq(column(&now, &prev, "percent"), "12.5000");
	ck_assert_str_eq(column(&now, &prev, "sent"), "50160");
	ck_assert_str_eq(column(&now, &prev, "sent_pps"), "2020.0");
	ck_assert_str_eq(column(&now, NULL, "sent_pps"), "10032.0");
	ck_assert_str_eq(column(&now, &prev, "answers"), "1255");
	ck_assert_str_eq(column(&now, &prev, "hit_percent"), "2.5050");
	ck_assert_str_eq(column(&now, &prev, "cookies"), "30");
}

TEST(row_has_every_counter)
{
	for (unsigned int i = 0; i < STATS; i++) {
		struct status_moment now = start;

		now.v[i] = UINT64_MAX;
		ck_assert_str_eq(column(&now, NULL, stat_types[i].name), "18446744073709551615");
	}
}

/* What is not known is empty, in a row of as many columns. */
TEST(row_of_the_beginning_and_the_end)
{
	struct status_moment now = start;

	now.rate_pps = 0;
	ck_assert_str_eq(column(&now, NULL, "remaining_s"), "");
	ck_assert_str_eq(column(&now, NULL, "hit_percent"), "0.0000");
	now = busy();
	now.v[STAT_targets_started] = now.targets;
	now.sending = false;
	ck_assert_str_eq(column(&now, NULL, "percent"), "100.0000");
	ck_assert_str_eq(column(&now, NULL, "remaining_s"), "0.000");
	now.remaining_ns = 7 * NS_PER_S;
	ck_assert_str_eq(column(&now, NULL, "remaining_s"), "7.000");
	now.remaining_ns = 0;
	now.sending = true;	/* retries */
	ck_assert_str_eq(column(&now, NULL, "remaining_s"), "");
}

TEST(largest_row)
{
	struct status_moment now;
	char row[STATUS_ROW_LEN];

	memset(&now, 0xff, sizeof(now));
	now.sending = true;
	now.rate_pps = 1e9;
	status_row(&now, NULL, row);
	ck_assert_uint_lt(strlen(row), STATUS_ROW_LEN - 1);
	status_header(row);
	ck_assert_uint_lt(strlen(row), STATUS_ROW_LEN - 1);
}
