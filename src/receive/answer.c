#include "receive/answer.h"

#include <errno.h>

#include "cache/trail.h"
#include "config/config.h"
#include "receive/segments.h"
#include "receive/sent.h"
#include "receive/trace.h"
#include "state/cookiefile.h"
#include "state/shared.h"

/* ---- counts -------------------------------------------------------------------------------- */

static void count_first(struct answers *an, const struct reply *r)
{
	static const enum stat_id ids[] = {
		[REPLY_SYNACK] = STAT_synacks, [REPLY_RST] = STAT_rsts, [REPLY_ICMP] = STAT_icmps,
	};

	stat_add(&an->part->stats, ids[r->class], 1);
}

/* An answer that came before: at once (doubled on the way), or after the server's timer. */
static enum result_repeat count_repeat(struct answers *an, uint64_t since_ns)
{
	bool again = since_ns >= EVIDENCE_LATE_NS;

	stat_add(&an->part->stats, again ? STAT_retransmissions : STAT_duplicates, 1);
	return again ? REPEAT_RETRANSMISSION : REPEAT_DUPLICATE;
}

static bool count_late(struct answers *an, const struct arrival *a, uint64_t sent_ns)
{
	bool late = (sent_ns && a->ns > sent_ns + an->s->facts.config->probing.timeout_ns)
		    || (!a->entry && window_is_past(&a->sender->window, a->pos));

	stat_add(&an->part->stats, STAT_late, late);
	return late;
}

static void count_unsent(struct answers *an, const struct arrival *a)
{
	stat_add(&an->part->stats, STAT_drop_unsent, 1);
	if (an->trace)
		trace_unsent(an->trace, a);
}

/* The hit rate's: the first answer to what the sweep sends to a target first. */
static void count_hit(struct answers *an, const struct arrival *a)
{
	stat_add(&an->part->stats, STAT_first_answers, a->arm == 0 && a->m.attempt == 0);
}

static void save_cookie(struct answers *an, const struct arrival *a, const struct flow *f)
{
	const struct reply *r = &f->reply;

	if (!an->cookie_log || !evidence_gives(f))
		return;
	rx_lock(&an->s->rx);
	cookiefile_append(an->cookie_log, a->m.src, a->target.ip, a->target.port, r->tfo.kind,
			  reply_cookie(r), r->tfo.len,
			  a->ns + (uint64_t)an->s->facts.wall_offset_ns);
	rx_unlock(&an->s->rx);
}

static void show_reply(struct answers *an, const struct arrival *a, const struct flow *f,
		       uint64_t sent_ns, const struct reply *r, enum result_repeat repeat,
		       bool late)
{
	if (an->trace)
		trace_answer(an->trace, a, f, sent_ns, r, repeat, late);
	rows_reply(&an->rows, a, f, sent_ns, r, repeat, late);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* From here on no retry of the arm goes out. Its SYNs: one that overtook us counts. */
static unsigned int end_retries(const struct arrival *a)
{
	unsigned int arm = (unsigned int)a->arm;

	return window_sent(window_mark(&a->sender->window, a->pos,
				       WINDOW_ARM(arm, WINDOW_ANSWERED)), arm);
}

/* The first answer to the sweep's other probe; NULL: that was not sent. */
static struct flow *other_arm(const struct arrival *a, const struct flow *sent, uint64_t *ns)
{
	unsigned int arm = (unsigned int)a->arm;
	struct flow *f;

	if (a->arm < 0 || !sent_arm_attempt(a->sender, a->pos, arm, a->m.attempt))
		return NULL;
	f = entry_add_arm(a->entry, sent);
	f->sent = (uint8_t)end_retries(a);
	*ns = sent_arm_ns(a->sender, a->pos, arm, a->m.attempt);
	return f;
}

/* The answer to a target that is in the cookie cache. */
static void answer_entry(struct answers *an, const struct arrival *a, const struct flow *sent,
			 const struct reply *reply)
{
	struct entry *en = a->entry;
	uint64_t sent_ns = 0;
	struct flow *f = sent_flow(en, &an->s->facts.plan, a->m.kind, a->m.attempt, &sent_ns);
	enum result_repeat repeat = REPEAT_NONE;
	bool first, taken, late;

	if (!f && en->state == ENTRY_SWEEP) {
		f = other_arm(a, sent, &sent_ns);
		if (f)
			count_hit(an, a);
	}
	if (!f) {
		count_unsent(an, a);
		return;
	}
	/* Of the sweep's attempts an entry knows one time. */
	if (!sent_ns && a->arm >= 0)
		sent_ns = sent_arm_ns(a->sender, a->pos, (unsigned int)a->arm, a->m.attempt);
	late = count_late(an, a, sent_ns);
	first = !(f->seen >> reply->class & 1);
	f->seen |= (uint8_t)(1u << reply->class);
	if (first)
		count_first(an, reply);
	else
		repeat = count_repeat(an, a->ns > f->reply.time_ns
				      ? a->ns - f->reply.time_ns : 0);
	taken = evidence_take(f, reply);
	if (taken) {
		f->attempt = a->m.attempt;
		f->sport = a->m.tag.sport;
		f->seq = a->m.tag.seq;
		f->sent_ns = sent_ns;
	}
	show_reply(an, a, f, sent_ns, reply, repeat, late);
	if (taken) {
		save_cookie(an, a, f);
		cookies_answered(&an->cookies, en, a->ns);
	}
}

/* The first answer of a target: its row, or an entry where something more is due. */
static void answer_first(struct answers *an, struct arrival *a, struct flow *f, bool late)
{
	struct shared *s = an->s;
	struct window *w = &a->sender->window;
	struct evidence ev = {
		.ip = a->target.ip, .source = a->m.src, .port = a->target.port,
		.nflows = 1, .flows = f,
	};
	struct plan_want want;
	bool more = !flow_has_synack(f) || f->reply.acked > 0 || w->arms > 1
		    || plan_next(&s->facts.plan, &ev, 0, &want);
	bool is_known = window_status(w, a->pos) != 0;

	count_hit(an, a);
	if (an->trace)
		trace_answer(an->trace, a, f, f->sent_ns, &f->reply, REPEAT_NONE, late);
	if (more) {
		a->entry = cookies_add(&an->cookies, a->k, a->x, &a->target, a->m.src, f,
				       is_known && w->arms > 1);
		if (!a->entry) {
			stat_add(&an->part->stats, STAT_table_full, 1);
			rows_mark(&an->rows, a->k, WINDOW_UNKNOWN);
			return;
		}
	}
	a->is_first = true;
	if (is_known)
		f->sent = (uint8_t)end_retries(a);
	count_first(an, &f->reply);
	rows_reply(&an->rows, a, f, f->sent_ns, &f->reply, REPEAT_NONE, late);
	save_cookie(an, a, f);
	if (a->entry) {
		a->entry->flows[0].sent = f->sent;
		cookies_answered(&an->cookies, a->entry, a->ns);
	} else {
		rows_target(&an->rows, a->k, a->x, &ev);
	}
}

/*
 * One more answer of a target whose row is written. Without an entry the time of its first answer
 * is not known, its probe's stands in; that one was a SYN/ACK, which a RST does not repeat.
 */
static void answer_again(struct answers *an, const struct arrival *a, struct flow *f, bool late)
{
	uint64_t since_ns = f->sent_ns ? a->ns - f->sent_ns : EVIDENCE_LATE_NS;
	enum result_repeat repeat = REPEAT_NONE;

	if (flow_has_synack(f))
		repeat = count_repeat(an, since_ns);
	else
		count_first(an, &f->reply);
	show_reply(an, a, f, f->sent_ns, &f->reply, repeat, late);
}

/* The answer to a target that is not in the cookie cache: new, or one whose row is written. */
static void answer_pos(struct answers *an, struct arrival *a, struct flow *f,
		       const struct reply *reply)
{
	uint16_t status = window_status(&a->sender->window, a->pos);
	bool sweep = a->arm >= 0, late;

	if (sweep)
		f->sent_ns = sent_arm_ns(a->sender, a->pos, (unsigned int)a->arm, a->m.attempt);
	late = count_late(an, a, f->sent_ns);
	evidence_take(f, reply);
	f->seen = (uint8_t)(1u << reply->class);
	if (window_is_past(&a->sender->window, a->pos)) {
		/* It may have its row already: whether it has is forgotten. */
		stat_add(&an->part->stats, STAT_expired, 1);
		show_reply(an, a, f, f->sent_ns, reply, REPEAT_NONE, late);
	} else if (!sweep || status & (WINDOW_DONE | WINDOW_ARM(a->arm, WINDOW_ANSWERED))) {
		answer_again(an, a, f, late);
	} else if (status && a->m.attempt >= window_sent(status, (unsigned int)a->arm)) {
		count_unsent(an, a);
	} else {
		answer_first(an, a, f, late);
	}
}

/* What the SYN of this very attempt carried, as the sweep or a past follow-up sent it. */
static void recognise(const struct answers *an, struct arrival *a, struct flow *f)
{
	struct tfo_option option;

	a->arm = facts_sweep_arm(&an->s->facts, &a->target, a->m.src, a->m.kind, a->m.attempt,
				 &option);
	facts_describe_tagged(&an->s->facts, a->x, &a->target, a->m.tag, a->m.kind, a->m.attempt,
			      &option, f);
	f->sent = (uint8_t)(a->m.attempt + 1);
}

/* The server's data before any ACK of ours. */
static void early_data(struct answers *an, const struct arrival *a)
{
	struct flow *f = NULL;
	uint64_t sent_ns;

	stat_add(&an->part->stats, STAT_early_data, 1);
	if (an->trace)
		trace_data(an->trace, a);
	if (a->entry)
		f = sent_flow(a->entry, &an->s->facts.plan, a->m.kind, a->m.attempt, &sent_ns);
	if (f && f->course.end == COURSE_NONE && !entry_has_heard(a->entry, f))
		evidence_take_data(f, &a->p->tcp);
	if (a->entry && trail_take_segment(a->entry, &a->m, &a->p->tcp, a->ns))
		cookies_hop_answered(&an->cookies, a->entry, a->ns);
}

/* A segment of the connection that is carried on, whatever answers its SYN first. */
static bool is_segment(const struct arrival *a)
{
	const struct entry *en = a->entry;
	const struct flow *f = en ? entry_newest(en) : NULL;

	return en && entry_carries(en, f) && f->kind == a->m.kind && f->attempt == a->m.attempt
	       && a->m.class != VALIDATE_ICMP;
}

static void take_segment(struct answers *an, const struct arrival *a)
{
	const struct flow *f = entry_newest(a->entry);
	struct reply reply;

	if (a->m.class == VALIDATE_RST || a->m.class == VALIDATE_RST_BARE) {
		evidence_reply(&reply, a->p, a->m.acked, a->ns);
		show_reply(an, a, f, f->sent_ns, &reply, REPEAT_NONE, false);
	} else if (an->trace) {
		trace_data(an->trace, a);
	}
	stat_add(&an->part->stats, STAT_segments, 1);
	cookies_segment(&an->cookies, a->entry, &a->p->tcp, a->ns);
}

bool answers_refuse(struct answers *an, struct arrival *a)
{
	if (a->m.class != VALIDATE_RST_BARE)
		return false;
	a->entry = cookies_find(&an->cookies, a->k);
	if (is_segment(a) && conn_is_reset(&a->entry->conn, entry_newest(a->entry), &a->p->tcp))
		return false;
	stat_add(&an->part->stats, STAT_rsts_bare, 1);
	return true;
}

/* An answer to a hop probe. */
static void answer_hop(struct answers *an, struct arrival *a)
{
	struct entry *en = a->entry;
	enum trail_taken taken = TRAIL_LATE;
	uint8_t payload[PAYLOAD_MAX];
	uint64_t sent_ns = 0;
	struct reply reply;
	struct flow f;

	/* Once its row is written, what was sent to it is forgotten. */
	if (a->m.class == VALIDATE_DATA || !en || !en->sent_hops
	    || (en->trail && !trail_match(en, &a->m, a->p->tcp.ack))) {
		count_unsent(an, a);
		return;
	}
	trail_describe(en, &a->m, &f);
	evidence_reply(&reply, a->p, a->m.acked, a->ns);
	if (en->trail) {
		facts_payload(&an->s->facts, a->x, &a->target, payload);
		taken = trail_take(en, &a->m, a->p, payload, a->ns);
	}
	if (taken == TRAIL_FIRST) {
		count_first(an, &reply);
		sent_ns = sent_newest_ns(en);
	} else {
		stat_add(&an->part->stats, taken == TRAIL_AGAIN ? STAT_duplicates : STAT_late, 1);
	}
	f.sent_ns = sent_ns;
	show_reply(an, a, &f, sent_ns, &reply,
		   taken == TRAIL_AGAIN ? REPEAT_DUPLICATE : REPEAT_NONE, taken == TRAIL_LATE);
	if (a->m.class == VALIDATE_SYNACK && an->s->facts.tears_down)
		segments_tear_down(an->s, a);
	if (taken == TRAIL_FIRST)
		cookies_hop_answered(&an->cookies, en, a->ns);
}

void answers_take(struct answers *an, struct arrival *a)
{
	struct reply reply;
	bool carried;
	struct flow f;

	a->is_first = false;
	a->entry = cookies_find(&an->cookies, a->k);
	if (a->m.kind == PROBE_HOP) {
		a->arm = -1;
		answer_hop(an, a);
		return;
	}
	carried = is_segment(a);
	if (carried && a->m.class != VALIDATE_SYNACK) {
		take_segment(an, a);
		return;
	}
	recognise(an, a, &f);
	if (a->m.class != VALIDATE_ICMP && a->m.acked > f.dlen) {
		stat_add(&an->part->stats, STAT_drop_unmatched, 1);
		return;
	}
	evidence_reply(&reply, a->p, a->m.acked, a->ns);
	if (a->m.class == VALIDATE_DATA)
		early_data(an, a);
	else if (a->entry)
		answer_entry(an, a, &f, &reply);
	else
		answer_pos(an, a, &f, &reply);
	if (carried)
		take_segment(an, a);
	else if (a->m.class == VALIDATE_SYNACK && an->s->facts.tears_down)
		segments_tear_down(an->s, a);
}

void answers_turn_away(struct answers *an, struct arrival *a)
{
	struct flow f;

	if (a->m.class != VALIDATE_SYNACK || !an->s->facts.tears_down)
		return;
	a->is_first = false;
	a->entry = cookies_find(&an->cookies, a->k);
	recognise(an, a, &f);
	segments_tear_down(an->s, a);
}

/* ---- the cookie cache's targets ------------------------------------------------------------ */

static void entry_done(void *arg, const struct entry *en)
{
	struct answers *an = arg;

	rows_entry(&an->rows, en);
}

static void entry_tear_down(void *arg, const struct entry *en)
{
	struct answers *an = arg;

	if (en->state == ENTRY_CARRY)
		segments_close(an->s, en);
	else
		segments_tear_down_entry(an->s, en);
}

static void entry_carry_on(void *arg, struct entry *en, unsigned int due)
{
	struct answers *an = arg;

	segments_carry_on(an->s, en, due);
}

int answers_init(struct answers *an, struct shared *s, unsigned int part, struct sink *sink,
		 struct cookiefile *cookie_log, struct err *e)
{
	*an = (struct answers){
		.s = s, .part = &s->rx.part[part], .cookie_log = cookie_log,
		.rows = { .s = s, .part = &s->rx.part[part], .sink = sink },
	};
	if (cookies_init(&an->cookies, s, part, entry_done, an, e))
		return -ENOMEM;
	if (s->facts.tears_down) {
		an->cookies.tear_down = entry_tear_down;
		an->cookies.carry_on = entry_carry_on;
	}
	return 0;
}

void answers_trace(struct answers *an, struct trace *t)
{
	trace_init(t, an->s, &an->cookies.cache);
	an->cookies.step = trace_step;
	an->cookies.step_arg = t;
	an->rows.look = trace_row;
	an->rows.look_arg = t;
	an->trace = t;
}

void answers_free(struct answers *an)
{
	cookies_free(&an->cookies);
}
