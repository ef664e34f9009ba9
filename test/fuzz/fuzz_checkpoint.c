/*
 * Any bytes as a checkpoint file. Where they do not begin as an object, they are what follows this
 * version's number, counters and verdicts in one, so that seeds stay good. What was read is
 * written, and must be read as the same.
 */
#include <jansson.h>

#include "fuzz.h"
#include "sender_shard.h"
#include "state/checkpoint.h"
#include "state/exit_reason.h"

static int read_text(struct checkpoint *c, const char *text, size_t len)
{
	struct err e = { "" };
	int rc = checkpoint_read(c, text, len, &e);

	fuzz_must_say(rc, &e);
	return rc;
}

static void check_shard(const struct checkpoint_shard *s, uint64_t positions)
{
	MUST(s->tail <= positions);
	MUST(s->n <= s->cap && s->done_len <= s->done_cap);
	MUST(!s->done_len || s->done[s->done_len - 1]);
	MUST(checkpoint_done_end(s) >= s->tail && checkpoint_done_end(s) <= positions);
	for (size_t i = 0; i < s->n; i++)
		MUST(s->pending[i] < s->tail);
}

static void check(const struct checkpoint *c, size_t len)
{
	size_t pending = 0;

	MUST(c->nshards >= 1 && c->nshards <= CONFIG_THREADS_MAX);
	MUST(json_is_object(c->options));
	MUST(c->progress.rows_from <= c->progress.rows_len);
	for (unsigned int i = 0; i < CONFIG_THREADS_MAX; i++) {
		const struct checkpoint_shard *s = &c->progress.shards[i];

		check_shard(s, i < c->nshards ? sender_positions(c->positions, i, c->nshards) : 0);
		pending += s->n;
	}
	MUST(pending + c->nparts < len);
	for (size_t i = 0; i < c->nparts; i++) {
		unsigned int r = 0;

		while (r < REASONS && c->parts[i].reason != exit_reasons[r].name)
			r++;
		MUST(!c->parts[i].reason || r < REASONS);
	}
}

static void check_same_shards(const struct checkpoint *a, const struct checkpoint *b)
{
	MUST(a->nshards == b->nshards);
	for (unsigned int i = 0; i < a->nshards; i++) {
		const struct checkpoint_shard *s = &a->progress.shards[i];
		const struct checkpoint_shard *t = &b->progress.shards[i];

		MUST(s->tail == t->tail && s->n == t->n);
		MUST(s->done_len == t->done_len);
		MUST(!s->done_len || memcmp(s->done, t->done, s->done_len) == 0);
		MUST(!s->n || memcmp(s->pending, t->pending, s->n * sizeof(*s->pending)) == 0);
	}
}

static void check_same(const struct checkpoint *a, const struct checkpoint *b)
{
	const struct checkpoint_progress *p = &a->progress, *q = &b->progress;

	MUST(a->seed == b->seed && a->positions == b->positions && a->complete == b->complete);
	MUST(memcmp(a->key, b->key, sizeof(a->key)) == 0);
	MUST(a->targets_hash == b->targets_hash && a->blocklist_hash == b->blocklist_hash);
	MUST(a->cookies_len == b->cookies_len);
	MUST(p->rows_from == q->rows_from && p->rows_len == q->rows_len);
	MUST(memcmp(p->counters, q->counters, sizeof(p->counters)) == 0);
	MUST(memcmp(p->verdicts, q->verdicts, sizeof(p->verdicts)) == 0);
	MUST(json_equal(a->options, b->options));
	check_same_shards(a, b);
	MUST(a->nparts == b->nparts);
	for (size_t i = 0; i < a->nparts; i++) {
		const struct checkpoint_part *x = &a->parts[i], *y = &b->parts[i];

		MUST(x->start_ns == y->start_ns && x->end_ns == y->end_ns);
		MUST(x->sending_ns == y->sending_ns && x->reason == y->reason);
	}
}

static void read_again(const struct checkpoint *c)
{
	struct checkpoint again;
	size_t len, same_len;
	char *text = checkpoint_write(c, &len), *same;

	MUST(text && strlen(text) == len);
	MUST(read_text(&again, text, len) == 0);
	check_same(c, &again);
	same = checkpoint_write(&again, &same_len);
	MUST(same && strcmp(text, same) == 0);
	free(same);
	free(text);
	checkpoint_free(&again);
}

static char *head;			/* what an object begins with */
static size_t head_len;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	FILE *f = open_memstream(&head, &head_len);

	(void)argc, (void)argv;
	MUST(f);
	fprintf(f, "{\"tfomap\":\"" PACKAGE_VERSION "\",\"counters\":{");
	for (unsigned int i = 0; i < STATS; i++)
		fprintf(f, "%s\"%s\":%u", i ? "," : "", stat_types[i].name, i);
	fprintf(f, "},\"verdicts\":{");
	for (unsigned int i = 0; i < VERDICTS; i++)
		fprintf(f, "%s\"%s\":%u", i ? "," : "", verdict_types[i].name, i);
	fprintf(f, "},");
	fclose(f);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t n = len && *data == '{' ? 0 : head_len;
	char *text = malloc(n + len + 1);
	struct checkpoint c;

	MUST(text);
	memcpy(text, head, n);
	if (len)
		memcpy(text + n, data, len);
	if (read_text(&c, text, n + len) == 0) {
		check(&c, n + len);
		read_again(&c);
	}
	checkpoint_free(&c);
	free(text);
	return 0;
}
