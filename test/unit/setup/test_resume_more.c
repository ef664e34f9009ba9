/* resume: what of a run that goes on is done with, by a checkpoint and rows of any size. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "config/config_parse.h"
#include "err.h"
#include "records/metadata.h"
#include "scratch.h"
#include "setup/input.h"
#include "setup/resume.h"
#include "state/shared.h"
#include "targets/targets.h"
#include "targets/targets_load.h"

#define WORDS	11
#define ROW	"{\"ip\":\"%s\",\"port\":443,\"verdict\":\"accepted\"}\n"

static struct scratch rows;
static char checkpoint[32];		/* it has a name of its own */
static int checkpoint_fd;
static char words[WORDS][48], *argv[WORDS];
static struct config config;
static struct targets *targets;
static struct resume resume;
static struct shared shared;
static uint64_t done[2];			/* from the tail on; 0: none */
static struct err e;

static void configure(const char *payload)
{
	const char *all[WORDS] = {
		"tfomap", "2001:2::/80", "--no-default-blocklist", "--seed=1", "--tx=packet",
		"--output-format=ndjson", "--checkpoint", checkpoint, "--output-file",
		rows.path, payload,
	};

	for (int i = 0; i < WORDS; i++) {
		snprintf(words[i], sizeof(words[i]), "%s", all[i]);
		argv[i] = words[i];
	}
	ck_assert_int_eq(config_parse(&config, WORDS, argv, NULL, &e), 0);
}

/* 2^48 targets; no part of the run was there yet. */
static void begin(void)
{
	strcpy(checkpoint, "/tmp/resume_more.XXXXXX");
	checkpoint_fd = mkstemp(checkpoint);
	ck_assert_int_ge(checkpoint_fd, 0);
	scratch_text(&rows, "");
	memset(&shared, 0, sizeof(shared));
	e.msg[0] = '\0';
	memset(done, 0, sizeof(done));
	configure("--payload=text:a\xff");
	ck_assert_int_eq(targets_load(&targets, &config, NULL, &e), 0);
	shared.facts.config = &config;
	shared.facts.targets = targets;
}

static void end(void)
{
	resume_free(&resume);
	targets_free(targets);
	config_free(&config);
	scratch_close(&rows);
	close(checkpoint_fd);
	unlink(checkpoint);
}

TEST_AROUND(begin, end)

static int go_on(void)
{
	struct run_facts facts = { .seed = 0 };
	int rc = resume_open(&resume, &config, &e);

	if (!rc)
		rc = input_init(&shared.facts, &facts, resume.goes_on ? &resume.run : NULL, &e);
	return rc ? rc : resume_targets(&resume, &config, &shared, facts.key, facts.seed, &e);
}

/* The part before came as far as tail; but one position it was done with all before. */
static void leave(uint64_t tail, uint64_t pending)
{
	size_t len;
	char *text;

	ck_assert_msg(go_on() == 0, "%s", e.msg);
	ck_assert(!resume.goes_on);
	resume.run.nshards = 1;
	resume.run.progress.shards[0].tail = tail;
	ck_assert_int_eq(checkpoint_add_pending(&resume.run.progress.shards[0], pending), 0);
	for (size_t i = 0; i < N_OF(done) && done[i]; i++)
		ck_assert_int_eq(checkpoint_add_done(&resume.run.progress.shards[0], done[i]), 0);
	text = checkpoint_write(&resume.run, &len);
	ck_assert_int_eq(pwrite(checkpoint_fd, text, len, 0), (ssize_t)len);
	free(text);
	resume_free(&resume);
}

/* The row of a position. */
static void add_row(uint64_t pos)
{
	struct target t = targets_at(targets, order_target(&shared.facts.order, pos));
	char ip[ADDR_STRLEN], text[128];
	int n;

	addr_format(t.ip, ip);
	n = snprintf(text, sizeof(text), ROW, ip);
	ck_assert_int_eq(pwrite(rows.fd, text, (size_t)n, lseek(rows.fd, 0, SEEK_END)), n);
}

TEST(what_has_no_row_is_left)
{
	const struct done_set *d = &resume.done[0];

	leave(1ull << 40, 5);
	add_row((1ull << 40) + 7);
	ck_assert_msg(go_on() == 0, "%s", e.msg);
	ck_assert(resume.goes_on);
	ck_assert_uint_eq(resume.rows_more, 1);
	ck_assert_uint_eq(d->first, 5);
	ck_assert_uint_eq(d->end, (1ull << 40) + 8);
	ck_assert(done_set_has(d, 4) && !done_set_has(d, 5) && done_set_has(d, 6));
	ck_assert(!done_set_has(d, 1ull << 40) && done_set_has(d, (1ull << 40) + 7));
}

/* Nor is what is done and has no row, as it was left out. */
TEST(what_is_done_without_a_row)
{
	const struct done_set *d = &resume.done[0];

	done[0] = 1000;
	done[1] = 1030;
	leave(1000, 5);
	add_row(1002);
	ck_assert_msg(go_on() == 0, "%s", e.msg);
	ck_assert_uint_eq(resume.rows_more, 1);
	ck_assert_uint_eq(d->end, 1031);
	ck_assert(!done_set_has(d, 5) && done_set_has(d, 999));
	for (uint64_t pos = 1000; pos < 1100; pos++)
		ck_assert_int_eq(done_set_has(d, pos), pos == 1000 || pos == 1002 || pos == 1030);
}

/* No file makes it take more memory than a run could have come on in the time. */
TEST(a_row_of_a_target_that_was_not_come_to)
{
	leave(100, 5);
	add_row(1ull << 47);
	ck_assert_int_lt(go_on(), 0);
	ck_assert_msg(strstr(e.msg, "had not come to"), "%s", e.msg);
}

/* What has to stay as it was may be any bytes. */
TEST(another_payload)
{
	leave(100, 5);
	config_free(&config);
	configure("--payload=text:b\xff");
	ck_assert_int_lt(go_on(), 0);
	ck_assert_msg(strstr(e.msg, "--payload is 'text:b"), "%s", e.msg);
}
