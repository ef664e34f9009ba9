/*
 * Any bytes as the checkpoint and the rows that a run goes on from. The input: a byte that says
 * which of a few runs it is; what follows in the checkpoint behind all that is the same in each
 * part of that run, and a NUL; the rows. What is done with after that is what checkpoint and rows
 * say, and no shard has positions that are none.
 */
#include "config/config.h"
#include "config/config_parse.h"
#include "fuzz.h"
#include "records/metadata.h"
#include "output/rows_read.h"
#include "setup/input.h"
#include "setup/resume.h"
#include "state/shared.h"
#include "targets/targets.h"
#include "targets/targets_load.h"

#define RUNS	3
#define WORDS	12
#define WORD_LEN 64
#define LOOKED_MAX	2048		/* positions of a shard that are looked at */

/* What is the same in each of its parts. */
struct run {
	char words[WORDS][WORD_LEN], *argv[WORDS];
	struct config config;
	struct targets *targets;
	char *head;			/* of the checkpoint's text, up to its last brace */
};

static struct run runs[RUNS];
static struct fuzz_file rows;
static struct fuzz_file checkpoint = { .path = "/tmp/fuzz_resume.XXXXXX" };
static struct resume resume;
static struct shared shared;

/* ---- the runs ------------------------------------------------------------------------------ */

static void put(struct fuzz_file *f, const void *p, size_t len)
{
	MUST(ftruncate(f->fd, 0) == 0);
	MUST(!len || pwrite(f->fd, p, len, 0) == (ssize_t)len);
}

static void configure(struct run *r, const char *target, const char *format)
{
	const char *words[WORDS] = {
		"tfomap", target, "--no-default-blocklist", "--target-ports=80", "--tx=packet",
		"--key=000102030405060708090a0b0c0d0e0f", "--seed=1", format, "--checkpoint",
		checkpoint.path, "--output-file", rows.path,
	};
	struct err e = { "" };

	for (int i = 0; i < WORDS; i++) {
		snprintf(r->words[i], WORD_LEN, "%s", words[i]);
		r->argv[i] = r->words[i];
	}
	MUST(config_parse(&r->config, WORDS, r->argv, NULL, &e) == 0);
	MUST(targets_load(&r->targets, &r->config, NULL, &e) == 0);
}

/* False: refused, with a message. */
static bool go_on(const struct run *r, struct run_facts *facts)
{
	const struct config *c = &r->config;
	struct err e = { "" };
	int rc = resume_open(&resume, c, &e);

	memset(&shared, 0, sizeof(shared));
	shared.facts.config = c;
	shared.facts.targets = r->targets;
	/* The input is what the run has written. */
	if (!rc && resume.goes_on)
		(void)rows_hash_end(rows.fd, resume.run.progress.rows_len,
				    &resume.run.progress.rows_hash);
	if (!rc)
		rc = input_init(&shared.facts, facts, resume.goes_on ? &resume.run : NULL, &e);
	if (!rc)
		rc = resume_targets(&resume, c, &shared, facts->key, facts->seed, &e);
	fuzz_must_say(rc, &e);
	return rc == 0;
}

/* What the first part of a run writes. */
static void make_head(struct run *r)
{
	struct run_facts facts = { .seed = 0 };
	size_t len;

	put(&checkpoint, "", 0);
	MUST(go_on(r, &facts));
	r->head = checkpoint_write(&resume.run, &len);
	MUST(r->head && r->head[len - 1] == '}');
	r->head[len - 1] = ',';
	resume_free(&resume);
}

/* ---- what must hold ------------------------------------------------------------------------ */

static bool is_pending(const struct checkpoint_shard *s, uint64_t pos)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->pending[i] == pos)
			return true;
	return false;
}

static void check_shard(const struct sender *sd, const struct checkpoint_shard *s)
{
	const struct done_set *d = &sd->done;
	size_t left = 0;

	MUST(d->first <= s->tail && s->tail == d->tail && d->tail <= d->end);
	MUST(d->end <= sd->positions && d->nleft <= s->n);
	MUST(sd->window.tail == d->first);
	for (size_t i = 0; i < s->n; i++)
		MUST(s->pending[i] >= d->first);
	/* What is pending may have got its row, too. */
	for (uint64_t pos = d->first; pos < s->tail && pos < d->first + LOOKED_MAX; pos++) {
		MUST(done_set_has(d, pos) || is_pending(s, pos));
		left += !done_set_has(d, pos);
	}
	MUST(s->tail > d->first + LOOKED_MAX || left == d->nleft);
	MUST(d->first == 0 || done_set_has(d, d->first - 1));
	MUST(!done_set_has(d, d->end) && !done_set_has(d, UINT64_MAX));
	MUST(d->end == s->tail || done_set_has(d, d->end - 1));
	MUST(d->end >= checkpoint_done_end(s));
	for (uint64_t pos = s->tail; pos < d->end && pos < s->tail + LOOKED_MAX; pos++)
		MUST(!checkpoint_is_done(s, pos) || done_set_has(d, pos));
}

static void check(off_t len)
{
	const struct checkpoint *c = &resume.run;

	MUST(resume.rows_len >= c->progress.rows_len && resume.rows_len <= (uint64_t)len);
	MUST(resume.rows_more <= resume.rows_len - c->progress.rows_len);
	for (unsigned int i = 0; i < c->nshards; i++)
		check_shard(&shared.senders[i], &c->progress.shards[i]);
}

static void remove_checkpoint(void)
{
	unlink(checkpoint.path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_quiet();
	/* It has to have a name of its own. */
	checkpoint.fd = mkstemp(checkpoint.path);
	MUST(checkpoint.fd >= 0 && atexit(remove_checkpoint) == 0);
	fuzz_file_open(&rows, NULL, 0);
	configure(&runs[0], "198.18.0.0/21", "--output-format=csv");
	configure(&runs[1], "10.0.0.0/8", "--output-format=ndjson");
	configure(&runs[2], "2001:2::/80", "--output-format=csv");
	for (int i = 0; i < RUNS; i++)
		make_head(&runs[i]);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct sender_sizes sizes = {
		.window = 128, .keep_ns = 1, .followups = 2, .segments = 2,
	};
	struct fuzz_input in = { data, len }, part;
	const struct run *r = &runs[fuzz_byte(&in) % RUNS];
	struct run_facts facts = { .seed = 0 };
	size_t head_len = strlen(r->head);
	char *text;

	part = fuzz_part(&in, 0);
	text = malloc(head_len + part.len + 1);
	MUST(text);
	memcpy(text, r->head, head_len);
	if (part.len)
		memcpy(text + head_len, part.p, part.len);
	put(&checkpoint, text, head_len + part.len);
	put(&rows, in.p, in.len);
	if (go_on(r, &facts)) {
		shared.facts.slots = 1;
		MUST(shared_init_senders(&shared, resume.run.nshards, &sizes) == 0);
		resume_apply(&resume, &shared);
		check((off_t)in.len);
		shared_free_senders(&shared);
	}
	resume_free(&resume);
	free(text);
	return 0;
}
