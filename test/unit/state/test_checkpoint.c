#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "state/checkpoint.h"
#include "unit.h"

#define HUGE_NUMBER	UINT64_MAX	/* no double has it */

static struct checkpoint made, read_back;
static struct err e;

static void begin(void)
{
	const struct checkpoint_part parts[] = {
		{ 1, 2, 1, "signal" }, { 3, HUGE_NUMBER, 0, NULL },
	};

	memset(&e, 0, sizeof(e));
	memset(&read_back, 0, sizeof(read_back));
	made = (struct checkpoint){
		.options = json_pack("{s:s}", "rate", "1\xc3\xa4"), .seed = HUGE_NUMBER,
		.key = { 1, 2, 3, 0xff }, .nshards = 2, .positions = 2000, .targets_hash = 5,
		.blocklist_hash = HUGE_NUMBER - 1, .cookies_len = 9, .complete = true,
		.progress = { .rows_from = 10, .rows_len = 20, .rows_hash = UINT64_MAX },
	};
	made.progress.shards[0].tail = 7;
	made.progress.shards[1].tail = 400;
	ck_assert_int_eq(checkpoint_add_pending(&made.progress.shards[0], 6), 0);
	for (unsigned int i = 0; i < 200; i++)
		ck_assert_int_eq(checkpoint_add_pending(&made.progress.shards[1], 2 * i), 0);
	ck_assert_int_eq(checkpoint_add_done(&made.progress.shards[1], 975), 0);
	ck_assert_int_eq(checkpoint_add_done(&made.progress.shards[1], 400), 0);
	made.progress.counters[STAT_received] = HUGE_NUMBER - 2;
	made.progress.verdicts[VERDICT_ACCEPTED] = 3;
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(checkpoint_add_part(&made, &parts[i]), 0);
}

static void end(void)
{
	checkpoint_free(&made);
	checkpoint_free(&read_back);
}

TEST_AROUND(begin, end)

TEST(what_is_written_is_read)
{
	const struct checkpoint *r = &read_back;
	size_t len;
	char *text = checkpoint_write(&made, &len);

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(len, strlen(text));
	ck_assert_msg(checkpoint_read(&read_back, text, len, &e) == 0, "%s", e.msg);
	free(text);
	ck_assert_str_eq(json_string_value(json_object_get(r->options, "rate")), "1\xc3\xa4");
	ck_assert_uint_eq(r->seed, HUGE_NUMBER);
	ck_assert_mem_eq(r->key, made.key, sizeof(r->key));
	ck_assert_uint_eq(r->nshards, 2);
	ck_assert_uint_eq(r->positions, 2000);
	ck_assert_uint_eq(r->targets_hash, 5);
	ck_assert_uint_eq(r->blocklist_hash, HUGE_NUMBER - 1);
	ck_assert_uint_eq(r->cookies_len, 9);
	ck_assert(r->complete);
	ck_assert_uint_eq(r->progress.rows_from, 10);
	ck_assert_uint_eq(r->progress.rows_len, 20);
	ck_assert_uint_eq(r->progress.rows_hash, UINT64_MAX);
	ck_assert_uint_eq(r->progress.shards[0].n, 1);
	ck_assert_uint_eq(r->progress.shards[0].pending[0], 6);
	ck_assert_uint_eq(r->progress.shards[1].n, 200);
	ck_assert_uint_eq(r->progress.shards[1].pending[199], 398);
	for (uint64_t pos = 0; pos < 2000; pos++) {
		ck_assert(!checkpoint_is_done(&r->progress.shards[0], pos));
		ck_assert_int_eq(checkpoint_is_done(&r->progress.shards[1], pos),
				 pos == 400 || pos == 975);
	}
	ck_assert_uint_eq(checkpoint_done_end(&r->progress.shards[0]), 7);
	ck_assert_uint_eq(checkpoint_done_end(&r->progress.shards[1]), 976);
	ck_assert_uint_eq(r->progress.counters[STAT_received], HUGE_NUMBER - 2);
	ck_assert_uint_eq(r->progress.verdicts[VERDICT_ACCEPTED], 3);
	ck_assert_uint_eq(r->nparts, 2);
	ck_assert_str_eq(r->parts[0].reason, "signal");
	ck_assert_uint_eq(r->parts[1].end_ns, HUGE_NUMBER);
	ck_assert_ptr_null(r->parts[1].reason);
}

/* A value that is changed, or taken out, and what is said of it. */
static const struct {
	const char *key, *value, *says;
} wrong[] = {
	{ "tfomap", NULL, "no checkpoint" },
	{ "tfomap", "\"0.0.9\"", "of tfomap 0.0.9" },
	{ "tfomap", "1", "no checkpoint" },
	{ "complete", "1", "complete" },
	{ "seed", NULL, "seed" },
	{ "seed", "-1", "seed" },
	{ "seed", "1.5", "seed" },
	{ "seed", "\"\"", "seed" },
	{ "seed", "\"18446744073709551616\"", "seed" },
	{ "key", "\"00\"", "key" },
	{ "key", "[]", "key" },
	{ "options", NULL, "options" },
	{ "options", "[]", "options" },
	{ "shards", "[]", "shards" },
	{ "shards", "{}", "shards" },
	{ "shards", "[1]", "pending" },
	{ "shards", "[{\"tail\":2001,\"pending\":[],\"done\":\"\"}]", "tail" },
	/* Of two shards the second has 976 positions. */
	{ "shards", "[{\"tail\":0,\"pending\":[],\"done\":\"\"},"
	  "{\"tail\":977,\"pending\":[],\"done\":\"\"}]", "tail" },
	{ "shards", "[{\"tail\":3,\"pending\":[3],\"done\":\"\"}]", "pending" },
	{ "shards", "[{\"tail\":3,\"pending\":[\"x\"]}]", "pending" },
	{ "shards", "[{\"tail\":3,\"pending\":{}}]", "pending" },
	{ "shards", "[{\"tail\":3,\"pending\":[]}]", "done" },
	{ "shards", "[{\"tail\":3,\"pending\":[],\"done\":1}]", "done" },
	{ "shards", "[{\"tail\":3,\"pending\":[],\"done\":\"0\"}]", "done" },
	{ "shards", "[{\"tail\":3,\"pending\":[],\"done\":\"0x\"}]", "done" },
	{ "shards", "[{\"tail\":1999,\"pending\":[],\"done\":\"02\"}]", "done" },
	{ "shards", "{}", "shards" },
	{ "runs", "{}", "runs" },
	{ "rows_from", "21", "rows_from" },
	{ "counters", "{}", "sent_syn" },
	{ "verdicts", "3", "offline" },
	{ "runs", "[{}]", "start_ns" },
	{ "runs", NULL, "runs" },
};

TEST_EACH(what_cannot_be_is_refused, wrong)
{
	size_t len;
	char *text = checkpoint_write(&made, &len);
	json_t *all = json_loadb(text, len, 0, NULL);

	free(text);
	if (row->value)
		json_object_set_new(all, row->key,
				    json_loads(row->value, JSON_DECODE_ANY, NULL));
	else
		json_object_del(all, row->key);
	text = json_dumps(all, JSON_COMPACT);
	ck_assert_int_eq(checkpoint_read(&read_back, text, strlen(text), &e), -EINVAL);
	ck_assert_msg(strstr(e.msg, row->says), "%s", e.msg);
	free(text);
	json_decref(all);
}

TEST(a_part_of_the_text_is_refused)
{
	size_t len;
	char *text = checkpoint_write(&made, &len);

	for (size_t n = 0; n < len; n += 7) {
		ck_assert_int_eq(checkpoint_read(&read_back, text, n, &e), -EINVAL);
		checkpoint_free(&read_back);
	}
	free(text);
}

/* Only what was added stands there, however often the memory was used before. */
TEST(what_is_done)
{
	struct checkpoint_shard s = { .tail = 10 };

	ck_assert_int_eq(checkpoint_add_done(&s, 10 + 700), 0);
	ck_assert_int_eq(checkpoint_add_done(&s, 10 + 3), 0);
	checkpoint_drop_done(&s, 9);
	checkpoint_drop_done(&s, 10 + 5000);
	checkpoint_drop_done(&s, 10 + 700);
	ck_assert_uint_eq(checkpoint_done_end(&s), 10 + 4);
	ck_assert_uint_eq(s.done_len, 1);
	checkpoint_shard_clear(&s, 20);
	ck_assert_uint_eq(checkpoint_done_end(&s), 20);
	ck_assert_int_eq(checkpoint_add_done(&s, 20 + 100), 0);
	for (uint64_t pos = 0; pos < 1000; pos++)
		ck_assert_int_eq(checkpoint_is_done(&s, pos), pos == 120);
	checkpoint_shard_free(&s);
}
