#include "setup/resume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/privileges.h"
#include "config/config_options.h"
#include "config/config_show.h"
#include "err.h"
#include "files/file_lock.h"
#include "files/replace_file.h"
#include "output/json_text.h"
#include "output/out.h"
#include "output/result_fields.h"
#include "output/rows_read.h"
#include "state/shared.h"
#include "targets/targets.h"
#include "targets/targets_hash.h"

#define RESUME_SPARE_LEN	65536	/* bytes: the first checkpoints are no longer */
#define FILE_MAX	(1u << 30)	/* bytes; no checkpoint is as long */
#define AHEAD_MAX	(1u << 30)	/* positions that a shard gets on in the time between two
					 * checkpoints, whatever holds the later one up */

/* ---- options ------------------------------------------------------------------------------- */

static void visit_option(void *arg, const char *name, const char *value)
{
	if (!config_may_change(name))
		json_object_set_new(arg, name, json_text(value));
}

static json_t *options_of(const struct config *c)
{
	json_t *options = json_object();

	config_visit(c, visit_option, options);
	return options;
}

/* What no option gives is not quoted. */
static const char *quote(const char *value)
{
	return value && value[0] ? "'" : "";
}

static const char *given(const char *value)
{
	return value && value[0] ? value : "not given";
}

static int compare_options(const struct resume *r, json_t *now, struct err *e)
{
	const char *name;
	json_t *value;

	json_object_foreach(now, name, value) {
		const char *was = json_string_value(json_object_get(r->run.options, name));
		const char *is = json_string_value(value);

		if (was && strcmp(was, is) == 0)
			continue;
		return err_set(e, EINVAL, "--checkpoint %.200s: --%s is %s%.100s%s, and was "
			       "%s%.100s%s when the run began; run it as it was, or name another "
			       "checkpoint and other rows to begin anew", r->path, name, quote(is),
			       given(is), quote(is), quote(was), given(was), quote(was));
	}
	return 0;
}

/* ---- the file ------------------------------------------------------------------------------ */

static int fails(const struct resume *r, const struct config *c, int code, struct err *e)
{
	if (code == EBUSY)
		return err_set(e, code, "--checkpoint %.200s: " FILE_LOCK_HELD, r->path);
	if (code == EACCES || code == EPERM)
		return err_set(e, code, "--checkpoint %.200s: %s: %s may not replace it, once "
			       "privileges are given away; name one in a folder of that user, or "
			       "the folder's owner with --user", r->path, strerror(code),
			       c->records.user ? c->records.user : "this user");
	return err_set(e, code, "--checkpoint %.200s: %s; %s", r->path, strerror(code),
		       code == ENOSPC || code == EDQUOT ? "free some space and run again"
		       : "name another file");
}

/* What is added to when the run goes on. */
static int check_regular(const struct config *c, struct err *e)
{
	const struct { const char *option, *path; } files[] = {
		{ "--output-file", c->output.file }, { "--cookie-file", c->probing.cookie_file },
		{ "--save-pcap", c->network.save_pcap }, { "--checkpoint", c->records.checkpoint },
	};
	struct stat st;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (files[i].path && (strcmp(files[i].path, "-") == 0
				      || (stat(files[i].path, &st) == 0 && !S_ISREG(st.st_mode))
				      || (files[i].path == c->records.checkpoint
					  && !replace_file_fits(files[i].path))))
			return err_set(e, EINVAL, "%s %.200s: it is no regular file, which "
				       "--checkpoint needs to go on; name one", files[i].option,
				       files[i].path);
	return 0;
}

struct opening {
	struct resume *r;
	const struct config *c;
};

/*
 * An empty one is made where there is none: so another one that starts finds it locked. Then that
 * it can be replaced is known before anything is lost.
 */
static int open_locked(void *arg, struct err *e)
{
	const struct opening *o = arg;
	struct replace_file **file = &o->r->file;
	int rc = replace_file_open(file, o->r->path, 0600, false);

	if (!rc && !replace_file_is_there(*file))
		rc = replace_file_write(*file, "", 0);
	if (!rc)
		rc = replace_file_reserve(*file, RESUME_SPARE_LEN);
	return rc ? fails(o->r, o->c, -rc, e) : 0;
}

/* An empty file is one that was made, and nothing begun. */
static int read_checkpoint(struct resume *r, const struct config *c, struct err *e)
{
	struct err why = { "" };
	json_t *now = options_of(c);
	size_t len;
	char *text;
	int rc = replace_file_read(r->file, FILE_MAX, &text, &len);

	if (rc)
		fails(r, c, -rc, e);
	else if (len) {
		rc = checkpoint_read(&r->run, text, len, &why);
		if (rc)
			err_set(e, -rc, "--checkpoint %.200s: %s; name another file to begin anew",
				r->path, why.msg);
		else
			rc = compare_options(r, now, e);
		r->goes_on = true;
	}
	free(text);
	if (r->run.options)
		json_decref(now);
	else
		r->run.options = now;
	return rc;
}

int resume_open(struct resume *r, const struct config *c, struct err *e)
{
	struct stat st;
	int rc;

	*r = (struct resume){ .path = c->records.checkpoint };
	if (!r->path)
		return 0;
	rc = check_regular(c, e);
	if (!rc)
		rc = privileges_as(c->records.user, open_locked,
				   &(struct opening){ .r = r, .c = c }, e);
	if (!rc)
		rc = read_checkpoint(r, c, e);
	if (!rc && !r->goes_on && c->probing.cookie_file
	    && stat(c->probing.cookie_file, &st) == 0)
		r->run.cookies_len = (uint64_t)st.st_size;
	return rc;
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* What has a row, of a sender's. */
struct finished {
	unsigned int shard;
	uint64_t pos;
};

struct reading {
	struct resume *r;
	const struct shared *s;
	struct finished *v;		/* heap, owned */
	size_t n, cap;
	uint64_t end[CONFIG_THREADS_MAX];	/* after the last of a shard's */
};

static int add_finished(struct reading *rd, unsigned int shard, uint64_t pos, struct err *e)
{
	if (rd->n == rd->cap) {
		size_t cap = rd->cap ? 2 * rd->cap : 1024;
		struct finished *v = realloc(rd->v, cap * sizeof(*v));

		if (!v)
			return err_set(e, ENOMEM, "out of memory for rows");
		rd->v = v;
		rd->cap = cap;
	}
	rd->v[rd->n++] = (struct finished){ shard, pos };
	if (rd->end[shard] <= pos)
		rd->end[shard] = pos + 1;
	return 0;
}

/* All between it and the tail would have to be in each checkpoint from then on. */
static bool is_too_far(const struct resume *r, unsigned int shard, uint64_t pos)
{
	uint64_t tail = r->run.progress.shards[shard].tail;

	return pos >= tail && pos - tail >= AHEAD_MAX;
}

static int take_row(void *arg, const struct rows_row *row, struct err *e)
{
	struct reading *rd = arg;
	struct resume *r = rd->r;
	const struct facts *f = &rd->s->facts;
	unsigned int shard;
	uint64_t x, k, pos;

	if (!targets_index(f->targets, row->ip, row->port, &x) || !order_pos(&f->order, x, &k))
		return err_set(e, EINVAL, "the row at byte %" PRIu64 " is of no target of this "
			       "run", row->at);
	shard = sender_of(k, r->run.nshards);
	pos = sender_pos(k, r->run.nshards);
	if (is_too_far(r, shard, pos))
		return err_set(e, EINVAL, "the row at byte %" PRIu64 " is of a target that the run "
			       "had not come to", row->at);
	if (row->at >= r->run.progress.rows_len) {
		r->rows_more++;
		if (row->verdict < VERDICTS)
			r->verdicts_more[row->verdict]++;
	}
	return add_finished(rd, shard, pos, e);
}

/* That they are this run's: two with the same file do not mix, whatever came between. */
static int check_rows(const struct checkpoint_progress *p, const char *path, struct err *e)
{
	uint64_t hash = p->rows_hash;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	/* What is missing, or cannot be read, shows as rows are read. */
	if (fd >= 0) {
		(void)rows_hash_end(fd, p->rows_len, &hash);
		close(fd);
	}
	if (hash != p->rows_hash)
		return err_set(e, EINVAL, "what is before byte %" PRIu64 " is not what this run "
			       "wrote: another one, or something else, has written to it",
			       p->rows_len);
	return 0;
}

static int read_rows(struct reading *rd, const struct config *c, struct err *e)
{
	const struct checkpoint_progress *p = &rd->r->run.progress;
	enum config_format format = config_format(c, false);
	struct result_selection fields;
	struct rows_form form = {
		.format = format, .fields = &fields,
		.header = !c->output.no_header && out_has_header(format),
	};
	struct err why = { "" };
	int rc = result_select(&fields, c->output.fields, c->output.rows, format, e);

	if (rc)
		return rc;
	rc = check_rows(p, c->output.file, &why);
	if (!rc)
		rc = rows_read(c->output.file, &form, p->rows_from, p->rows_len, take_row, rd,
			       &rd->r->rows_len, &why);
	result_selection_free(&fields);
	return rc ? err_set(e, -rc, "--checkpoint %.200s: cannot go on with the rows in %.200s: "
			    "%s; name other files to begin anew", rd->r->path, c->output.file,
			    why.msg) : 0;
}

/* rows_end: after the last position that has a row. */
static int init_done(struct done_set *d, const struct checkpoint_shard *s, uint64_t rows_end)
{
	uint64_t done_end = checkpoint_done_end(s);
	int rc = done_set_init(d, s->tail, rows_end > done_end ? rows_end : done_end, s->pending,
			       s->n);

	for (uint64_t pos = s->tail; pos < done_end && !rc; pos++)
		if (checkpoint_is_done(s, pos))
			done_set_add(d, pos);
	return rc;
}

static int find_done(struct resume *r, const struct config *c, const struct shared *s,
		     struct err *e)
{
	struct reading rd = { .r = r, .s = s };
	int rc = read_rows(&rd, c, e);

	for (unsigned int i = 0; i < r->run.nshards && !rc; i++)
		if (init_done(&r->done[i], &r->run.progress.shards[i], rd.end[i]))
			rc = err_set(e, ENOMEM, "out of memory for what is done of the run");
	for (size_t i = 0; i < rd.n && !rc; i++)
		done_set_add(&r->done[rd.v[i].shard], rd.v[i].pos);
	free(rd.v);
	return rc;
}

static void keep_targets(struct resume *r, const struct shared *s, const uint8_t key[static 16],
			 uint64_t seed)
{
	memcpy(r->run.key, key, sizeof(r->run.key));
	r->run.seed = seed;
	r->run.positions = s->facts.order.positions;
	r->run.targets_hash = targets_hash(s->facts.targets);
	r->run.blocklist_hash = targets_counts(s->facts.targets)->blocklist_hash;
}

int resume_same_targets(const struct resume *r, const struct shared *s, struct err *e)
{
	const struct targets_counts *n = targets_counts(s->facts.targets);
	uint64_t hash = targets_hash(s->facts.targets);
	const char *what = NULL;

	if (r->run.blocklist_hash != n->blocklist_hash)
		what = "the blocklists are";
	else if (r->run.targets_hash != hash || r->run.positions != s->facts.order.positions)
		what = "the targets are";
	if (what)
		return err_set(e, EINVAL, "--checkpoint %.200s: %s not those that the run began "
			       "with; run it with these, or name another checkpoint and other rows "
			       "to begin anew", r->path, what);
	return 0;
}

int resume_targets(struct resume *r, const struct config *c, const struct shared *s,
		   const uint8_t key[static 16], uint64_t seed, struct err *e)
{
	int rc;

	if (!r->goes_on) {
		keep_targets(r, s, key, seed);
		return 0;
	}
	rc = resume_same_targets(r, s, e);
	return rc ? rc : find_done(r, c, s, e);
}

static bool is_full(const struct config *c, uint64_t rows)
{
	return c->rate.max_results && rows >= c->rate.max_results;
}

bool resume_is_over(const struct resume *r, const struct config *c)
{
	return r->goes_on && (r->run.complete
			      || is_full(c, r->run.progress.counters[STAT_rows]));
}

void resume_apply(struct resume *r, struct shared *s)
{
	const struct checkpoint_progress *p = &r->run.progress;

	if (!r->goes_on)
		return;
	for (unsigned int i = 0; i < s->nsenders; i++)
		sender_resume(&s->senders[i], &r->done[i]);
	for (unsigned int i = 0; i < STATS; i++)
		/* The one counts positions from the first on; the others are asked again. */
		if (i != STAT_targets_started && i != STAT_unfinished)
			stat_set(&s->earlier, (enum stat_id)i, p->counters[i]);
	stat_add(&s->earlier, STAT_rows, r->rows_more);
	if (s->facts.config->output.rows == ROWS_TARGET)
		stat_add(&s->earlier, STAT_targets_done, r->rows_more);
	stat_add(&s->earlier, STAT_accepted, r->verdicts_more[VERDICT_ACCEPTED]);
	atomic_store(&s->rx.full, is_full(s->facts.config, stat_get(&s->earlier, STAT_rows)));
	for (unsigned int v = 0; v < VERDICTS; v++)
		atomic_store(&s->rx.stats.verdicts[v], p->verdicts[v] + r->verdicts_more[v]);
}

void resume_free(struct resume *r)
{
	for (unsigned int i = 0; i < CONFIG_THREADS_MAX; i++)
		done_set_free(&r->done[i]);
	checkpoint_free(&r->run);
	replace_file_close(r->file);
	r->file = NULL;
}
