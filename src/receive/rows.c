#include "receive/rows.h"

#include "config/config.h"
#include "net/neigh.h"
#include "output/sink.h"
#include "receive/sent.h"
#include "state/cookie_store.h"
#include "state/saving.h"
#include "state/shared.h"
#include "targets/targets.h"

bool rows_full(const struct rows *r)
{
	return atomic_load_explicit(&r->s->rx.full, memory_order_relaxed);
}

static void check_full(struct rows *r)
{
	uint64_t max = r->s->facts.config->rate.max_results;

	/* Of all parts of a run that went on. */
	if (max && stat_get(&r->s->rx.stats, STAT_rows) >= max)
		atomic_store(&r->s->rx.full, true);
}

void rows_mark(const struct rows *r, uint64_t k, uint16_t bits)
{
	uint64_t pos;
	struct window *w = &shared_sender(r->s, k, &pos)->window;

	if (window_status(w, pos))
		window_mark(w, pos, bits);
}

/* When the target gave the cookie that was there before the run; 0: there is none. */
static uint32_t stored_s(const struct cookie_store *store, const struct evidence *ev)
{
	struct tfo_option cookie;
	uint32_t time_s = 0;

	if (store && evidence_flow(ev, PROBE_DATA))
		cookie_store_find(store, ev->source, ev->ip, ev->port, &cookie, &time_s);
	return time_s;
}

void rows_leave(struct shared *s, uint64_t k)
{
	stat_add(&shared_part(s, k)->stats, STAT_unfinished, 1);
	rx_lock(&s->rx);
	left_add(s->saving ? &s->saving->left : NULL, k);
	rx_unlock(&s->rx);
}

/* Rows wait for others where there are several parts, and where none may be one too many. */
static bool may_wait(const struct rows *r)
{
	return r->pen && !r->s->facts.config->rate.max_results && sink_may_wait(r->sink);
}

void rows_write(struct rows *r)
{
	if (!r->waits)
		return;
	r->waits = false;
	rx_lock(&r->s->rx);
	sink_put(r->sink, r->pen, NULL, NULL);
	rx_unlock(&r->s->rx);
}

/* False: another part wrote the last row meanwhile. */
static bool write_target(struct rows *r, const struct evidence *ev, const struct target_extra *x)
{
	bool full, enough = sink_draw_target(r->sink, r->pen, ev, x);

	if (may_wait(r)) {
		r->waits = true;
		if (enough)
			rows_write(r);
		return true;
	}
	rx_lock(&r->s->rx);
	full = r->s->facts.config->output.rows == ROWS_TARGET && rows_full(r);
	if (!full) {
		sink_put(r->sink, r->pen, ev, x);
		check_full(r);
	} else {
		sink_drop(r->sink, r->pen);
	}
	rx_unlock(&r->s->rx);
	return !full;
}

void rows_target(struct rows *r, uint64_t k, uint64_t x, const struct evidence *ev)
{
	const struct targets *targets = r->s->facts.targets;
	bool has_extra = targets_have_extra(targets);
	struct evidence row = *ev;

	row.stored_s = stored_s(r->s->facts.store, ev);
	rows_mark(r, k, WINDOW_DONE);
	if (r->look)
		r->look(r->look_arg, k, ev);
	if (has_extra)
		targets_extra(targets, x, &r->extra);
	if (!write_target(r, &row, has_extra ? &r->extra : NULL))
		rows_leave(r->s, k);
	else if (evidence_cookie(ev))
		stat_add(&r->part->stats, STAT_cookies, 1);
}

void rows_entry(struct rows *r, const struct entry *en)
{
	struct evidence ev = entry_evidence(en);

	if (rows_full(r))
		rows_leave(r->s, en->k);
	else
		rows_target(r, en->k, en->x, &ev);
}

void rows_silent(struct rows *r, uint64_t k)
{
	const struct facts *f = &r->s->facts;
	uint64_t x = order_target(&f->order, k), pos;
	const struct sender *sd = shared_sender(r->s, k, &pos);
	struct target t = targets_at(f->targets, x);
	struct flow flows[PLAN_ARMS_MAX];
	struct evidence ev = {
		.ip = t.ip, .port = t.port, .source = facts_source(f, &t), .flows = flows,
	};
	/* Where no neighbour is on the local link, the sweep went by without a packet. */
	bool gone = f->neigh && neigh_find(f->neigh, t.ip, (uint8_t[6]){ 0 }) == NEIGH_SILENT;

	if (!sent_proves(sd, f->neigh, &r->part->losses, f->config->probing.timeout_ns, pos,
			 t.ip)) {
		rows_mark(r, k, WINDOW_DONE);
		rows_leave(r->s, k);
		return;
	}
	for (unsigned int arm = 0; arm < sd->window.arms; arm++) {
		struct flow *flow = &flows[ev.nflows];

		if (!sent_arm(sd, pos, arm))
			continue;
		facts_describe_arm(f, x, &t, ev.source, arm, flow);
		if (!gone)
			sent_fill_arm(sd, pos, arm, flow);
		ev.nflows++;
	}
	rows_target(r, k, x, &ev);
}

void rows_reply(struct rows *r, const struct arrival *a, const struct flow *f, uint64_t sent_ns,
		const struct reply *reply, enum result_repeat repeat, bool late)
{
	struct flow row;
	bool enough;

	if (r->s->facts.config->output.rows != ROWS_REPLY || rows_full(r))
		return;
	row = *f;
	row.sent_ns = sent_ns;
	row.attempt = a->m.attempt;
	row.sport = a->m.tag.sport;
	row.seq = a->m.tag.seq;
	row.reply = *reply;
	enough = sink_draw_reply(r->sink, r->pen, a->target.ip, a->target.port, a->m.src, &row,
				 repeat, late);
	if (may_wait(r)) {
		r->waits = true;
		if (enough)
			rows_write(r);
		return;
	}
	rx_lock(&r->s->rx);
	if (!rows_full(r)) {
		sink_put(r->sink, r->pen, NULL, NULL);
		check_full(r);
	} else {
		sink_drop(r->sink, r->pen);
	}
	rx_unlock(&r->s->rx);
}
