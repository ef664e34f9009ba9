#include "receive/progress.h"

#include <errno.h>

#include "base/writer.h"
#include "output/sink.h"
#include "cache/entry_cache.h"
#include "state/cookiefile.h"
#include "state/saving.h"
#include "state/shared.h"
#include "wire/capfile.h"

/*
 * From there on nothing is done but what has a row or is named (add_done()); what was before is in
 * the sender's done_set.
 */
static uint64_t tail_of(const struct sender *sd)
{
	return sd->window.tail > sd->done.end ? sd->window.tail : sd->done.end;
}

static void note_now(const struct progress *p, struct progress_since *since)
{
	for (unsigned int i = 0; i < p->s->nsenders; i++) {
		const struct sender *sd = &p->s->senders[i];
		uint64_t reserved = window_reserved(&sd->window);

		since->reserved[i] = reserved > sd->done.end ? reserved : sd->done.end;
	}
	since->rows_len = sink_len(p->sink);
}

void progress_init(struct progress *p, struct shared *s, const struct entry_cache *const caches[],
		   struct sink *sink, struct cookiefile *cookie_log)
{
	*p = (struct progress){ .s = s, .sink = sink, .cookie_log = cookie_log };
	for (unsigned int i = 0; i < s->rx.n; i++)
		p->caches[i] = caches[i];
	note_now(p, &p->since[0]);
	p->since[1] = p->since[0];
}

static bool are_tails_past(const struct progress *p, const struct progress_since *since)
{
	for (unsigned int i = 0; i < p->s->nsenders; i++)
		if (tail_of(&p->s->senders[i]) < since->reserved[i])
			return false;
	return true;
}

static void follow_tails(struct progress *p)
{
	if (!are_tails_past(p, &p->since[1]))
		return;
	p->since[0] = p->since[1];
	note_now(p, &p->since[1]);
}

/* ---- what has no row yet ------------------------------------------------------------------- */

/* Whether a reply row was written for one of its answers: then it is not to be probed again. */
static bool has_reply_row(const struct config *c, const struct entry *en)
{
	if (c->output.rows != ROWS_REPLY)
		return false;
	for (unsigned int i = 0; i < en->nflows; i++)
		if (en->flows[i].reply.class == REPLY_SYNACK
		    || (en->flows[i].reply.class != REPLY_NONE
			&& c->output.report != REPORT_SYNACK))
			return true;
	return false;
}

static int add_entries(const struct progress *p, const struct entry_cache *cache,
		       struct checkpoint_progress *out)
{
	const struct config *c = p->s->facts.config;
	int rc = 0;

	for (unsigned int state = 0; state < ENTRY_STATES; state++) {
		if (state == ENTRY_NONE || state == ENTRY_DONE)
			continue;
		for (const struct entry *en = entry_cache_first(cache, state); en && !rc;
		     en = entry_cache_next(cache, en)) {
			uint64_t pos;
			struct sender *sd = shared_sender(p->s, en->k, &pos);
			struct checkpoint_shard *to = &out->shards[sd - p->s->senders];

			if (pos < to->tail && !has_reply_row(c, en))
				rc = checkpoint_add_pending(to, pos);
		}
	}
	return rc;
}

/* Whether this part of the run has not come to what an earlier one left, or is not done with it. */
static bool is_left(const struct progress *p, const struct sender *sd, uint64_t pos)
{
	bool replies = p->s->facts.config->output.rows == ROWS_REPLY;
	uint16_t status = pos < window_reserved(&sd->window) ? window_status(&sd->window, pos) : 0;
	bool answered = status & (WINDOW_ARM(0, WINDOW_ANSWERED) | WINDOW_ARM(1, WINDOW_ANSWERED));

	return !(status & WINDOW_DONE) && !(replies && answered);
}

/* What is in the cookie cache is there twice, which does no harm. */
static int add_left(const struct progress *p, const struct sender *sd, struct checkpoint_shard *to)
{
	const struct done_set *d = &sd->done;
	uint64_t tail = sd->window.tail;
	int rc = 0;

	for (size_t i = 0; i < d->nleft && !rc; i++)
		if (d->left[i] >= tail && is_left(p, sd, d->left[i]))
			rc = checkpoint_add_pending(to, d->left[i]);
	for (uint64_t pos = tail > d->tail ? tail : d->tail; pos < d->end && !rc; pos++)
		if (!done_set_has(d, pos) && is_left(p, sd, pos))
			rc = checkpoint_add_pending(to, pos);
	return rc;
}

/*
 * Whether some target is done and has no row, by --output-filter or --report: then rows do not say
 * what is done. Where all have one the checkpoint is small, however much is in flight.
 */
static bool is_any_rowless(const struct progress *p)
{
	const struct stats *s = &p->s->rx.stats;

	return p->s->facts.config->output.rows == ROWS_REPLY
	       || stat_get(s, STAT_targets_done) != stat_get(s, STAT_rows);
}

/* What has begun, and not only may: the place of what has not is still that of another. */
static int add_done(const struct sender *sd, struct checkpoint_shard *to)
{
	uint64_t end = stat_get(&sd->stats, STAT_targets_started), pos;
	int rc = 0;

	for (pos = window_next_done(&sd->window, to->tail, end); pos < end && !rc;
	     pos = window_next_done(&sd->window, pos + 1, end))
		rc = checkpoint_add_done(to, pos);
	return rc;
}

/* What this part has given up, as what came of it proves nothing. */
static int add_given_up(const struct progress *p, struct checkpoint_progress *out)
{
	const struct left *left = &p->s->saving->left;
	int rc = 0;

	for (size_t i = 0; i < left->n && !rc; i++) {
		uint64_t pos;
		const struct sender *sd = shared_sender(p->s, left->v[i], &pos);
		struct checkpoint_shard *to = &out->shards[sd - p->s->senders];

		if (pos < to->tail)
			rc = checkpoint_add_pending(to, pos);
		else
			checkpoint_drop_done(to, pos);
	}
	return rc;
}

static int take_shards(const struct progress *p, struct checkpoint_progress *out)
{
	/* What was given up is done with, too, by its window: it has to be known which that is. */
	bool names_done = is_any_rowless(p) && !p->s->saving->left.forgot;
	int rc = 0;

	for (unsigned int i = 0; i < p->s->nsenders && !rc; i++) {
		const struct sender *sd = &p->s->senders[i];

		checkpoint_shard_clear(&out->shards[i], tail_of(sd));
		rc = add_left(p, sd, &out->shards[i]);
		if (!rc && names_done)
			rc = add_done(sd, &out->shards[i]);
	}
	if (!rc)
		rc = add_given_up(p, out);
	for (unsigned int i = 0; i < p->s->rx.n && !rc; i++)
		rc = add_entries(p, p->caches[i], out);
	return rc;
}

static void take_counters(const struct progress *p, struct checkpoint_progress *out)
{
	const struct stats *s = &p->s->rx.stats;

	for (unsigned int i = 0; i < STATS; i++)
		out->counters[i] = stat_get(s, (enum stat_id)i);
	for (unsigned int i = 0; i < VERDICTS; i++)
		out->verdicts[i] = stat_get_verdict(s, (enum verdict)i);
}

static int take(struct progress *p, struct checkpoint_progress *out)
{
	/* What was refused then has no row, and is done all the same. */
	int rc = sink_flush(p->sink, NULL);

	if (rc)
		return rc;
	follow_tails(p);
	take_counters(p, out);
	out->rows_from = p->since[0].rows_len;
	out->rows_len = sink_len(p->sink);
	return take_shards(p, out);
}

void progress_save_last(struct progress *p, struct saving *to)
{
	/* What has a row by now is found, and no more is known, where more is left than that. */
	if (to && !(to->has_last && to->left.forgot))
		to->has_last = take(p, &to->last) == 0;
}

bool progress_is_wanted(const struct saving *to)
{
	return to && atomic_load_explicit(&to->wanted, memory_order_acquire);
}

void progress_save(struct progress *p, struct saving *to)
{
	if (!progress_is_wanted(to))
		return;
	to->err = take(p, &to->next);
	to->marks = (struct saving_marks){
		.rows = writer_mark(sink_writer(p->sink)),
		.cookies = writer_mark(cookiefile_writer(p->cookie_log)),
		.packets = writer_mark(capfile_writer(p->s->capture)),
	};
	atomic_store_explicit(&to->wanted, false, memory_order_relaxed);
	sem_post(&to->taken);
}
