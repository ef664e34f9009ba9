#include "receive/answer.h"

#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "net/neigh.h"
#include "state/cookiefile.h"

#define EARLY_MAX (1u << 20)	/* no server sends more before an ACK; a forger might say so */

/* ---- rows ---------------------------------------------------------------------------------- */

static void check_full(struct answers *an)
{
	uint64_t max = an->s->facts.config->rate.max_results;

	if (max && sink_rows(an->sink) >= max)
		atomic_store(&an->s->rx.full, true);
}

static void write_row(struct answers *an, uint64_t x, const struct evidence *ev)
{
	struct shared *s = an->s;

	if (evidence_cookie(ev))
		stat_add(&s->rx.stats, STAT_cookies, 1);
	if (targets_have_extra(s->facts.targets)) {
		targets_extra(s->facts.targets, x, &an->extra);
		sink_target(an->sink, ev, &an->extra);
	} else {
		sink_target(an->sink, ev, NULL);
	}
	check_full(an);
}

static void mark(struct answers *an, uint64_t k, uint16_t bits)
{
	uint64_t pos;
	struct window *w = &shared_sender(an->s, k, &pos)->window;

	if (window_status(w, pos))
		window_mark(w, pos, bits);
}

/* The cookie cache's targets, when nothing more is due. */
static void entry_done(void *arg, const struct entry *en)
{
	struct answers *an = arg;
	struct evidence ev = entry_evidence(en);

	if (answers_full(an)) {
		stat_add(&an->s->rx.stats, STAT_unfinished, 1);
		return;
	}
	mark(an, en->k, WINDOW_DONE);
	write_row(an, en->x, &ev);
}

/* f: the probe's flow, which may tell of another attempt; sent_ns: of the one answered. */
static void reply_row(struct answers *an, const struct arrival *a, const struct flow *f,
		      uint64_t sent_ns, const struct reply *reply, enum result_repeat repeat,
		      bool late)
{
	struct flow row;

	if (an->s->facts.config->output.rows != ROWS_REPLY || answers_full(an))
		return;
	row = *f;
	row.sent_ns = sent_ns;
	row.attempt = a->m.attempt;
	row.sport = a->m.tag.sport;
	row.seq = a->m.tag.seq;
	row.reply = *reply;
	sink_reply(an->sink, a->target.ip, a->target.port, a->m.src, &row, repeat, late);
	check_full(an);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void count_first(struct answers *an, const struct reply *r)
{
	static const enum stat_id ids[] = {
		[REPLY_SYNACK] = STAT_synacks, [REPLY_RST] = STAT_rsts, [REPLY_ICMP] = STAT_icmps,
	};

	stat_add(&an->s->rx.stats, ids[r->class], 1);
}

/* An answer that came before: at once (doubled on the way), or after the server's timer. */
static enum result_repeat count_repeat(struct answers *an, uint64_t since_ns)
{
	bool again = since_ns >= EVIDENCE_LATE_NS;

	stat_add(&an->s->rx.stats, again ? STAT_retransmissions : STAT_duplicates, 1);
	return again ? REPEAT_RETRANSMISSION : REPEAT_DUPLICATE;
}

static bool count_late(struct answers *an, const struct arrival *a, uint64_t sent_ns)
{
	bool late = (sent_ns && a->ns > sent_ns + an->s->facts.config->probing.timeout_ns)
		    || (!a->entry && window_is_past(&a->sender->window, a->pos));

	stat_add(&an->s->rx.stats, STAT_late, late);
	return late;
}

/* When the sweep sent the attempt that is answered; 0: not known. */
static uint64_t sent_time(const struct arrival *a)
{
	return sender_sent_ns(a->sender, a->pos, (unsigned int)a->arm, a->m.attempt);
}

static void save_cookie(struct answers *an, const struct arrival *a, const struct flow *f)
{
	const struct reply *r = &f->reply;

	if (an->cookie_log && evidence_gives(f))
		cookiefile_append(an->cookie_log, a->m.src, a->target.ip, a->target.port,
				  r->tfo.kind, reply_cookie(r), r->tfo.len,
				  a->ns + (uint64_t)an->s->facts.wall_offset_ns);
}

/*
 * How far the response reaches, on the SYN/ACK or behind it: what comes twice counts once, and
 * what overtook the SYN/ACK counts when that is there.
 */
static void measure_response(struct flow *f)
{
	uint32_t end = f->early_end - (f->reply.seq + 1);

	if (f->reply.class != REPLY_SYNACK)
		return;
	f->rlen = f->reply.payload_len;
	if (f->early && end > f->rlen && end <= EARLY_MAX)
		f->rlen = end;
}

/*
 * Takes reply as f's answer, if it is the first or tells more: SYN/ACK before RST before ICMP. What
 * an ICMP quote shows stays known, whatever comes beside it.
 */
static bool take(struct flow *f, const struct reply *reply)
{
	f->stripped |= evidence_stripped(f, reply);
	if (f->reply.class != REPLY_NONE && reply->class >= f->reply.class)
		return false;
	f->reset_first = reply->class == REPLY_SYNACK && f->reply.class == REPLY_RST;
	f->reply = *reply;
	measure_response(f);
	return true;
}

/* The hit rate's: the first answer to what the sweep sends to a target first. */
static void count_hit(struct answers *an, const struct arrival *a)
{
	stat_add(&an->s->rx.stats, STAT_first_answers, a->arm == 0 && a->m.attempt == 0);
}

/* The first answer to the sweep's other probe; NULL: that was not sent. */
static struct flow *other_arm(const struct arrival *a, struct entry *en,
			      const struct flow *sent, uint64_t *sent_ns)
{
	struct window *w = &a->sender->window;
	uint16_t status = window_status(w, a->pos);
	struct flow *f;

	if (a->arm < 0 || a->m.attempt >= window_sent(status, (unsigned int)a->arm))
		return NULL;
	status = window_mark(w, a->pos, WINDOW_ARM(a->arm, WINDOW_ANSWERED));
	f = cookies_add_arm(en, sent);
	f->sent = (uint8_t)window_sent(status, (unsigned int)a->arm);
	*sent_ns = sent_time(a);
	return f;
}

/* The answer to a target that is in the cookie cache. */
static void answer_entry(struct answers *an, const struct arrival *a, const struct flow *sent,
			 const struct reply *reply)
{
	struct entry *en = a->entry;
	uint64_t sent_ns = 0;
	struct flow *f = cookies_flow(&an->cookies, en, a->m.kind, a->m.attempt, &sent_ns);
	enum result_repeat repeat = REPEAT_NONE;
	bool first, taken, late;

	if (!f && en->open) {
		f = other_arm(a, en, sent, &sent_ns);
		if (f)
			count_hit(an, a);
	}
	if (!f) {
		stat_add(&an->s->rx.stats, STAT_drop_unsent, 1);
		return;
	}
	late = count_late(an, a, sent_ns);
	first = !(f->seen >> reply->class & 1);
	f->seen |= (uint8_t)(1u << reply->class);
	if (first)
		count_first(an, reply);
	else
		repeat = count_repeat(an, a->ns - f->reply.time_ns);
	taken = take(f, reply);
	if (taken) {
		f->attempt = a->m.attempt;
		f->sport = a->m.tag.sport;
		f->seq = a->m.tag.seq;
		f->sent_ns = sent_ns;
	}
	reply_row(an, a, f, sent_ns, reply, repeat, late);
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
	unsigned int arm = (unsigned int)a->arm;
	bool more = f->reply.class != REPLY_SYNACK || f->reply.acked > 0 || w->arms > 1
		    || plan_next(&s->facts.plan, &ev, 0, &want);
	uint16_t status = window_status(w, a->pos);

	count_hit(an, a);
	if (status)
		f->sent = (uint8_t)window_sent(status, arm);
	if (more) {
		a->entry = cookies_add(&an->cookies, a->k, a->x, &a->target, a->m.src, f,
				       status && w->arms > 1);
		if (!a->entry) {
			stat_add(&s->rx.stats, STAT_table_full, 1);
			mark(an, a->k, WINDOW_UNKNOWN);
			return;
		}
	}
	a->is_first = true;
	/* From here on no retry goes out; one that overtook us counts. */
	if (status)
		f->sent = (uint8_t)window_sent(window_mark(w, a->pos,
						 WINDOW_ARM(arm, WINDOW_ANSWERED)), arm);
	count_first(an, &f->reply);
	reply_row(an, a, f, f->sent_ns, &f->reply, REPEAT_NONE, late);
	save_cookie(an, a, f);
	if (a->entry) {
		a->entry->flows[0].sent = f->sent;
		cookies_answered(&an->cookies, a->entry, a->ns);
	} else {
		mark(an, a->k, WINDOW_DONE);
		write_row(an, a->x, &ev);
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

	if (f->reply.class == REPLY_SYNACK)
		repeat = count_repeat(an, since_ns);
	else
		count_first(an, &f->reply);
	reply_row(an, a, f, f->sent_ns, &f->reply, repeat, late);
}

/* The answer to a target that is not in the cookie cache: new, or one whose row is written. */
static void answer_pos(struct answers *an, struct arrival *a, struct flow *f,
		       const struct reply *reply)
{
	struct shared *s = an->s;
	uint16_t status = window_status(&a->sender->window, a->pos);
	bool sweep = a->arm >= 0, late;

	if (sweep)
		f->sent_ns = sent_time(a);
	late = count_late(an, a, f->sent_ns);
	take(f, reply);
	f->seen = (uint8_t)(1u << reply->class);
	if (window_is_past(&a->sender->window, a->pos)) {
		/* It may have its row already: whether it has is forgotten. */
		stat_add(&s->rx.stats, STAT_expired, 1);
		reply_row(an, a, f, f->sent_ns, reply, REPEAT_NONE, late);
	} else if (!sweep || status & (WINDOW_DONE | WINDOW_ARM(a->arm, WINDOW_ANSWERED))) {
		answer_again(an, a, f, late);
	} else if (status && a->m.attempt >= window_sent(status, (unsigned int)a->arm)) {
		stat_add(&s->rx.stats, STAT_drop_unsent, 1);
	} else {
		answer_first(an, a, f, late);
	}
}

static void clean_up(struct answers *an, uint64_t k, const struct cleanup *c)
{
	uint64_t pos;

	if (!ring_push(&shared_sender(an->s, k, &pos)->cleanups, c))
		stat_add(&an->s->rx.stats, STAT_cleanup_lost, 1);
}

/*
 * A server that took data has said what it says: its connection is acknowledged, then reset. A
 * bare reset would leave its place in the server's TFO queue taken for a minute.
 */
static void close_accepted(struct answers *an, uint64_t k, struct cleanup c)
{
	c.acknowledge = true;
	clean_up(an, k, &c);
	c.acknowledge = false;
	clean_up(an, k, &c);
}

static void entry_settled(void *arg, const struct entry *en)
{
	struct answers *an = arg;

	for (unsigned int i = 0; i < en->nflows; i++) {
		const struct flow *f = &en->flows[i];
		const struct cleanup c = {
			.src = en->source, .dst = en->target.ip, .sport = f->sport,
			.dport = en->target.port, .seq = f->reply.ack,
			.ack = f->reply.seq + 1 + f->rlen,
		};

		if (cookies_settles(en, f))
			close_accepted(an, en->k, c);
	}
}

/*
 * A SYN/ACK that comes again shows that its reset was lost, or never sent: it is reset once more.
 * However often a host repeats itself, it draws no more than two resets for a SYN.
 */
static bool may_reset(const struct arrival *a)
{
	struct window *w = &a->sender->window;
	uint16_t bit;

	if (a->entry)
		return cookies_may_reset(a->entry);
	if (a->is_first)
		return true;
	if (a->arm < 0 || !window_status(w, a->pos))
		return false;
	bit = WINDOW_ARM(a->arm, WINDOW_RESET);
	return !(window_mark(w, a->pos, bit) & bit);
}

/* What a SYN/ACK opened is reset at once, but where the server's answer to data is waited for. */
static void reset_opened(struct answers *an, const struct arrival *a)
{
	const struct cleanup c = {
		.src = a->m.src, .dst = a->target.ip, .sport = a->m.tag.sport,
		.dport = a->target.port, .seq = a->p->tcp.ack,
		.ack = a->p->tcp.seq + 1 + a->p->tcp.payload_len,
	};
	const struct flow *f = NULL;
	uint64_t sent_ns;

	if (a->entry)
		f = cookies_flow(&an->cookies, a->entry, a->m.kind, a->m.attempt, &sent_ns);
	if (f && f->attempt != a->m.attempt)
		f = NULL;
	if ((f && cookies_settles(a->entry, f)) || !may_reset(a))
		return;
	if (a->m.acked > 0 || (f && cookies_settled(a->entry, f)))
		close_accepted(an, a->k, c);
	else
		clean_up(an, a->k, &c);
}

/* What the SYN of this very attempt carried, as the sweep or a past follow-up sent it. */
static void recognise(const struct answers *an, struct arrival *a, struct flow *f)
{
	struct tfo_option option;

	a->arm = facts_sweep_arm(&an->s->facts, &a->target, a->m.src, a->m.kind, a->m.attempt,
				 &option);
	facts_describe_tagged(&an->s->facts, a->x, &a->target, a->m.tag, a->m.kind, a->m.attempt,
			      &option,
			      f);
	f->sent = (uint8_t)(a->m.attempt + 1);
}

/* The server's data before any ACK of ours. */
static void early_data(struct answers *an, const struct arrival *a)
{
	const struct packet_tcp *t = &a->p->tcp;
	uint32_t end = t->seq + t->payload_len;
	struct flow *f = NULL;
	uint64_t sent_ns;

	stat_add(&an->s->rx.stats, STAT_early_data, 1);
	if (a->entry)
		f = cookies_flow(&an->cookies, a->entry, a->m.kind, a->m.attempt, &sent_ns);
	if (!f || !t->payload_len || cookies_settled(a->entry, f))
		return;
	if (!f->early || (int32_t)(end - f->early_end) > 0)
		f->early_end = end;
	f->early = true;
	measure_response(f);
}

void answers_take(struct answers *an, struct arrival *a)
{
	struct reply reply;
	struct flow f;

	a->is_first = false;
	a->entry = cookies_find(&an->cookies, a->k);
	recognise(an, a, &f);
	if (a->m.class != VALIDATE_ICMP && a->m.acked > f.dlen) {
		stat_add(&an->s->rx.stats, STAT_drop_unmatched, 1);
		return;
	}
	evidence_reply(&reply, a->p, a->m.acked, a->ns);
	if (a->m.class == VALIDATE_DATA)
		early_data(an, a);
	else if (a->entry)
		answer_entry(an, a, &f, &reply);
	else
		answer_pos(an, a, &f, &reply);
	if (a->m.class == VALIDATE_SYNACK && an->s->facts.tears_down)
		reset_opened(an, a);
}

void answers_turn_away(struct answers *an, struct arrival *a)
{
	struct flow f;

	if (a->m.class != VALIDATE_SYNACK || !an->s->facts.tears_down)
		return;
	a->is_first = false;
	a->entry = cookies_find(&an->cookies, a->k);
	recognise(an, a, &f);
	reset_opened(an, a);
}

/* Without --source-ip a capture tells what the source address was. */
static void learn_source(struct shared *s, struct addr src)
{
	bool v6 = !addr_is_v4(src);

	if (!s->facts.nsources[v6])
		s->facts.sources[v6][s->facts.nsources[v6]++] = (struct source){ .addr = src };
}

void answers_sent(struct answers *an, struct arrival *a)
{
	struct window *w = &a->sender->window;
	struct entry *en = cookies_find(&an->cookies, a->k);
	struct window_cursor *cursor;
	unsigned int pass;
	struct flow f;

	learn_source(an->s, a->m.src);
	an->saw_sent = true;
	recognise(an, a, &f);
	if (a->arm < 0) {
		if (en)
			cookies_sent(&an->cookies, en, a->ns);
		return;
	}
	pass = a->m.attempt * w->arms + (unsigned int)a->arm;
	cursor = &w->cursor[pass];
	if (window_has_room(w, a->pos) && (pass == 0 || window_status(w, a->pos))) {
		if (pass == 0)
			window_start(w, a->pos);
		else
			window_retry(w, a->pos, (unsigned int)a->arm);
	}
	sendlog_add(&cursor->log, a->pos, a->ns);
	if (a->pos >= atomic_load(&cursor->done))
		atomic_store(&cursor->done, a->pos + 1);
	if (a->pos >= atomic_load(&w->reserved))
		atomic_store(&w->reserved, a->pos + 1);
}

void answers_suppose_sent(struct answers *an, struct arrival *a)
{
	struct window *w = &a->sender->window;
	struct tfo_option option;
	unsigned int arm;

	a->arm = facts_sweep_arm(&an->s->facts, &a->target, a->m.src, a->m.kind, a->m.attempt,
				 &option);
	if (a->arm < 0 || !window_has_room(w, a->pos) || a->pos < atomic_load(&w->floor)
	    || an->saw_sent)
		return;
	arm = (unsigned int)a->arm;
	if (!window_status(w, a->pos))
		window_start(w, a->pos);
	while (window_sent(window_status(w, a->pos), arm) <= a->m.attempt
	       && window_retry(w, a->pos, arm))
		;
}

void answers_silent(struct answers *an, uint64_t k, uint16_t status)
{
	struct shared *s = an->s;
	uint64_t x = order_target(&s->facts.order, k), pos;
	const struct sender *sd = shared_sender(s, k, &pos);
	struct target t = targets_at(s->facts.targets, x);
	struct flow flows[PLAN_ARMS_MAX];
	struct evidence ev = {
		.ip = t.ip, .port = t.port, .source = facts_source(&s->facts, &t), .flows = flows,
	};
	/* Where no neighbour is on the local link, the sweep went by without a packet. */
	bool gone = s->facts.neigh
		    && neigh_find(s->facts.neigh, t.ip, (uint8_t[6]){ 0 }) == NEIGH_SILENT;

	for (unsigned int arm = 0; arm < sd->window.arms; arm++) {
		struct tfo_option option;
		enum probe_kind kind = facts_sweep_probe(&s->facts, &t, ev.source, arm, &option);
		struct flow *f = &flows[ev.nflows];

		if (!window_sent(status, arm))
			continue;
		facts_describe(&s->facts, x, &t, ev.source, (uint8_t)kind, 0, &option, f);
		if (!gone) {
			f->sent = (uint8_t)window_sent(status, arm);
			f->sent_ns = sender_sent_ns(sd, pos, arm, 0);
		}
		ev.nflows++;
	}
	write_row(an, x, &ev);
}

int answers_init(struct answers *an, struct shared *s, struct sink *sink,
		 struct cookiefile *cookie_log, struct err *e)
{
	*an = (struct answers){ .s = s, .sink = sink, .cookie_log = cookie_log };
	if (cookies_init(&an->cookies, s, entry_done, an, e))
		return -ENOMEM;
	an->cookies.settled = s->facts.tears_down ? entry_settled : NULL;
	return 0;
}

void answers_free(struct answers *an)
{
	cookies_free(&an->cookies);
}
