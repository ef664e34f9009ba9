/* expect: the line and the status that monitoring reads. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/stats.h"
#include "output/expect.h"
#include "sample.h"
#include "target.h"
#include "unit.h"

#define ACCEPTED	(1u << VERDICT_ACCEPTED)
#define OFFLINE		(1u << VERDICT_OFFLINE)

static const struct {
	const char *name;
	uint32_t wanted;
	unsigned int accepted, no_cookie, offline;
	enum stat_id loss;		/* 0: none */
	const char *why;
	enum expect_status status;
	const char *line;
} rows[] = {
	{ "all", ACCEPTED, 3, 0, 0, 0, NULL, EXPECT_OK,
	  "TFOMAP OK - 3 of 3 targets as expected (accepted) | targets=3 expected=3 accepted=3" },
	{ "one", ACCEPTED, 1, 0, 0, 0, NULL, EXPECT_OK,
	  "TFOMAP OK - 1 of 1 target as expected (accepted) | targets=1 expected=1 accepted=1" },
	{ "either", ACCEPTED | 1u << VERDICT_NO_COOKIE, 1, 1, 0, 0, NULL, EXPECT_OK,
	  "TFOMAP OK - 2 of 2 targets as expected (no-cookie, accepted) | targets=2 "
	  "expected=2 no-cookie=1 "
	  "accepted=1" },
	{ "some not", ACCEPTED, 2, 1, 0, 0, NULL, EXPECT_CRITICAL,
	  "TFOMAP CRITICAL - 1 of 3 targets not as expected (accepted): 192.0.2.7:443 "
	  "no-cookie | targets=3 "
	  "expected=2 no-cookie=1 accepted=2" },
	{ "many not", ACCEPTED, 0, 5, 0, 0, NULL, EXPECT_CRITICAL,
	  "TFOMAP CRITICAL - 5 of 5 targets not as expected (accepted): 192.0.2.7:443 "
	  "no-cookie, 192.0.2.7:443 "
	  "no-cookie, 192.0.2.7:443 no-cookie and 2 more | targets=5 expected=0 no-cookie=5" },
	{ "one silent", ACCEPTED, 1, 0, 1, 0, NULL, EXPECT_CRITICAL,
	  "TFOMAP CRITICAL - 1 of 2 targets not as expected (accepted): 192.0.2.7:443 "
	  "offline | targets=2 "
	  "expected=1 offline=1 accepted=1" },
	{ "all silent", ACCEPTED, 0, 0, 2, 0, NULL, EXPECT_UNKNOWN,
	  "TFOMAP UNKNOWN - nobody answered | targets=2 expected=0 offline=2" },
	{ "to be silent", OFFLINE, 0, 0, 2, 0, NULL, EXPECT_OK,
	  "TFOMAP OK - 2 of 2 targets as expected (offline) | targets=2 expected=2 offline=2" },
	{ "nobody", ACCEPTED, 0, 0, 0, 0, NULL, EXPECT_UNKNOWN,
	  "TFOMAP UNKNOWN - there was nobody to probe | targets=0 expected=0" },
	{ "lost", ACCEPTED, 1, 1, 0, STAT_drop_capture, NULL, EXPECT_UNKNOWN,
	  "TFOMAP UNKNOWN - answers or probes were lost | targets=2 expected=1 no-cookie=1 "
	  "accepted=1" },
	{ "unfinished", ACCEPTED, 1, 0, 0, STAT_unfinished, NULL, EXPECT_UNKNOWN,
	  "TFOMAP UNKNOWN - 1 target unfinished | targets=1 expected=1 accepted=1" },
	{ "unfinished, and one not", ACCEPTED, 0, 1, 0, STAT_unfinished, NULL, EXPECT_CRITICAL,
	  "TFOMAP CRITICAL - 1 of 1 target not as expected (accepted): 192.0.2.7:443 "
	  "no-cookie | targets=1 "
	  "expected=0 no-cookie=1" },
	{ "could not start", ACCEPTED, 0, 0, 0, 0, "--plan: survey|path", EXPECT_UNKNOWN,
	  "TFOMAP UNKNOWN - --plan: survey/path | targets=0 expected=0" },
};

static void take(struct expect *x, struct stats *s, unsigned int n, enum verdict v)
{
	struct sample sample;

	sample_init(&sample);
	for (unsigned int i = 0; i < n; i++) {
		expect_take(x, &sample.ev, NULL, v);
		stat_add_verdict(s, v);
	}
}

TEST_EACH(concludes, rows)
{
	struct expect x = { .wanted = row->wanted };
	struct stats s = { 0 };
	char line[EXPECT_LINE_LEN];

	take(&x, &s, row->accepted, VERDICT_ACCEPTED);
	take(&x, &s, row->no_cookie, VERDICT_NO_COOKIE);
	take(&x, &s, row->offline, VERDICT_OFFLINE);
	if (row->loss)
		stat_add(&s, row->loss, 1);
	ck_assert_msg(expect_conclude(&x, &s, row->why, line) == row->status
		      && strcmp(line, row->line) == 0, "%s: %s", row->name, line);
}

/* Names of a list are others' words: they do not act, nor begin the figures. */
TEST(names)
{
	static struct target_extra extra;
	struct expect x = { .wanted = ACCEPTED };
	struct stats s = { 0 };
	struct sample sample;
	char line[EXPECT_LINE_LEN];

	sample_init(&sample);
	sample.ev.ip.hi = 0x20010002ull << 32;
	sample.ev.ip.lo = 1;
	snprintf(extra.domain, sizeof(extra.domain), "a|b\n\x1b");
	expect_take(&x, &sample.ev, &extra, VERDICT_IGNORED);
	stat_add_verdict(&s, VERDICT_IGNORED);
	ck_assert_int_eq(expect_conclude(&x, &s, NULL, line), EXPECT_CRITICAL);
	ck_assert_str_eq(line, "TFOMAP CRITICAL - 1 of 1 target not as expected (accepted): "
			 "[2001:2::1]:443 "
			 "(a/b?\?) ignored | targets=1 expected=0 ignored=1");
}
