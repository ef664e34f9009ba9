#include "answer.h"

#include <errno.h>
#include <string.h>

#include "config.h"
#include "cookiefile.h"
#include "neigh.h"

#define EARLY_MAX (1u << 20)	/* no server sends more before an ACK; a forger might say so */

/* ---- rows ---------------------------------------------------------------------------------- */

static void check_full(struct answers *an)
{
	uint64_t max = an->s->config->max_results;

	if (max && sink_rows(an->sink) >= max)
		atomic_store(&an->s->rx_full, true);
}

static void write_row(struct answers *an, uint64_t x, const struct evidence *ev)
{
	struct shared *s = an->s;
	struct tfo_option cookie;

	if (evidence_cookie(ev, &cookie))
		stat_add(&s->stats, STAT_cookies, 1);
	if (targets_have_extra(s->targets)) {
		targets_extra(s->targets, x, &an->extra);
		sink_target(an->sink, ev, &an->extra);
	} else {
		sink_target(an->sink, ev, NULL);
	}
	check_full(an);
}

static void mark(struct answers *an, uint64_t k, uint8_t bits)
{
	if (window_status(&an->s->window, k))
		window_mark(&an->s->window, k, bits);
}

/* The cookie cache's targets, when nothing more is due. */
static void entry_done(void *arg, const struct entry *en)
{
	struct answers *an = arg;
	struct evidence ev = {
		.ip = en->target.ip, .source = en->source, .port = en->target.port,
		.nflows = en->nflows, .flows = en->flows,
	};

	if (answers_full(an))
		return;
	mark(an, en->k, WINDOW_DONE);
	write_row(an, en->x, &ev);
}

static void reply_row(struct answers *an, const struct arrival *a, struct flow *f,
		      const struct reply *reply, enum result_repeat repeat, bool late)
{
	struct flow row = *f;

	if (an->s->config->rows != ROWS_REPLY || answers_full(an))
		return;
	/* Of several attempts the flow tells of one. */
	if (row.attempt != a->m.attempt)
		row.sent_ns = 0;
	row.attempt = a->m.attempt;
	row.sport = a->m.tag.sport;
	row.seq = a->m.tag.seq;
	row.reply = *reply;
	sink_reply(an->sink, a->target.ip, a->target.port, a->m.src, &row, repeat, late);
	check_full(an);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* What the SYN of this very attempt carried, as the sweep or a past follow-up sent it. */
static void describe(const struct answers *an, const struct arrival *a, struct flow *f)
{
	const struct shared *s = an->s;
	uint8_t payload[PAYLOAD_MAX];
	struct tfo_option cookie;

	*f = (struct flow){
		.kind = a->m.kind, .attempt = a->m.attempt, .sent = (uint8_t)(a->m.attempt + 1),
		.synkind = TFO_KIND, .sport = a->m.tag.sport, .seq = a->m.tag.seq,
	};
	if (probe_types[f->kind].payload)
		f->dlen = (uint16_t)shared_payload(s, a->x, &a->target, payload);
	if (probe_types[f->kind].option == PROBE_OPTION_CACHED && s->store
	    && cookiefile_find(s->store, a->m.src, a->target.ip, a->target.port, &cookie)) {
		f->synkind = cookie.kind;
		f->synlen = cookie.len;
		memcpy(f->syncookie, cookie.cookie, cookie.len);
	}
}

/* True where the sweep itself sends this kind to this target. */
static bool of_sweep(const struct answers *an, const struct arrival *a)
{
	const struct shared *s = an->s;
	struct tfo_option cookie;
	bool stored = s->store && cookiefile_find(s->store, a->m.src, a->target.ip,
						  a->target.port, &cookie);

	return a->m.kind == (stored ? PROBE_DATA : PROBE_REQUEST)
	       && a->m.attempt < s->window.attempts;
}

static void count_first(struct answers *an, const struct reply *r)
{
	static const enum stat_id ids[] = {
		[REPLY_SYNACK] = STAT_synacks, [REPLY_RST] = STAT_rsts, [REPLY_ICMP] = STAT_icmps,
	};

	stat_add(&an->s->stats, ids[r->class], 1);
}

/* An answer that came before: at once (doubled on the way), or after the server's timer. */
static enum result_repeat count_repeat(struct answers *an, uint64_t since_ns)
{
	bool again = since_ns >= EVIDENCE_LATE_NS;

	stat_add(&an->s->stats, again ? STAT_retransmissions : STAT_duplicates, 1);
	return again ? REPEAT_RETRANSMISSION : REPEAT_DUPLICATE;
}

static bool count_late(struct answers *an, const struct arrival *a, uint64_t sent_ns)
{
	bool late = sent_ns && a->ns > sent_ns + an->s->config->timeout_ns;

	stat_add(&an->s->stats, STAT_late, late);
	return late;
}

static void save_cookie(struct answers *an, const struct arrival *a, const struct flow *f)
{
	struct tcpopts o;

	if (!an->cookie_log || f->reply.class != REPLY_SYNACK)
		return;
	evidence_options(f, &o);
	if (evidence_usable(&o.tfo))
		cookiefile_append(an->cookie_log, a->m.src, a->target.ip, a->target.port,
				  o.tfo.kind, o.tfo.cookie, o.tfo.len,
				  a->ns + (uint64_t)an->s->wall_offset_ns);
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

/* Takes reply as f's answer, if it is the first or tells more: SYN/ACK before RST before ICMP. */
static bool take(struct flow *f, const struct reply *reply)
{
	if (f->reply.class != REPLY_NONE && reply->class >= f->reply.class)
		return false;
	f->reset_first = reply->class == REPLY_SYNACK && f->reply.class == REPLY_RST;
	f->reply = *reply;
	measure_response(f);
	return true;
}

/* The answer to a target that is in the cookie cache. */
static void answer_entry(struct answers *an, const struct arrival *a, struct entry *en,
			 const struct reply *reply)
{
	struct flow *f = cookies_flow(&an->cookies, en, a->m.kind, a->m.attempt, &a->m.tag);
	enum result_repeat repeat = REPEAT_NONE;
	bool first, taken, late;

	if (!f) {
		stat_add(&an->s->stats, STAT_drop_unsent, 1);
		return;
	}
	late = count_late(an, a, f->sent_ns);
	first = !(f->seen >> reply->class & 1);
	f->seen |= (uint8_t)(1u << reply->class);
	if (first)
		count_first(an, reply);
	else
		repeat = count_repeat(an, a->ns - f->reply.time_ns);
	taken = take(f, reply);
	reply_row(an, a, f, reply, repeat, late);
	if (taken) {
		save_cookie(an, a, f);
		cookies_answered(&an->cookies, en, a->ns);
	}
}

/* The first answer of a target: its row, or an entry where something more is due. */
static void answer_first(struct answers *an, const struct arrival *a, struct flow *f, bool late)
{
	struct shared *s = an->s;
	struct evidence ev = {
		.ip = a->target.ip, .source = a->m.src, .port = a->target.port,
		.nflows = 1, .flows = f,
	};
	struct plan_want want;
	struct entry *en = NULL;
	bool more = f->reply.class != REPLY_SYNACK || f->reply.acked > 0
		    || plan_next(&s->plan, &ev, &want);
	uint8_t status = window_status(&s->window, a->k);

	if (status)
		f->sent = status & WINDOW_SENT_MASK;
	if (more) {
		en = cookies_add(&an->cookies, a->k, a->x, &a->target, a->m.src, f);
		if (!en) {
			stat_add(&s->stats, STAT_table_full, 1);
			return;
		}
	}
	/* From here on no retry goes out; one that overtook us counts. */
	if (status)
		f->sent = window_mark(&s->window, a->k, WINDOW_ANSWERED) & WINDOW_SENT_MASK;
	count_first(an, &f->reply);
	reply_row(an, a, f, &f->reply, REPEAT_NONE, late);
	save_cookie(an, a, f);
	if (en) {
		en->flows[0].sent = f->sent;
		cookies_answered(&an->cookies, en, a->ns);
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
	reply_row(an, a, f, &f->reply, repeat, late);
}

/* The answer to a target that is not in the cookie cache: new, or one whose row is written. */
static void answer_place(struct answers *an, const struct arrival *a, struct flow *f,
			 const struct reply *reply)
{
	struct shared *s = an->s;
	uint8_t status = window_status(&s->window, a->k);
	bool sweep = of_sweep(an, a), late;

	if (sweep)
		f->sent_ns = sendlog_time(&s->window.cursor[a->m.attempt].log, a->k);
	late = count_late(an, a, f->sent_ns);
	take(f, reply);
	f->seen = (uint8_t)(1u << reply->class);
	if (status & (WINDOW_DONE | WINDOW_ANSWERED) || !sweep) {
		answer_again(an, a, f, late);
	} else if (status && a->m.attempt >= (status & WINDOW_SENT_MASK)) {
		stat_add(&s->stats, STAT_drop_unsent, 1);
	} else if (!status && s->config->report == REPORT_ALL) {
		reply_row(an, a, f, reply, REPEAT_NONE, late);	/* its silent row is written */
	} else {
		answer_first(an, a, f, late);
	}
}

/* A connection that is now half open at the server, and that our kernel does not know of. */
static void clean_up(struct answers *an, const struct arrival *a)
{
	struct shared *s = an->s;
	bool v6 = !addr_is_v4(a->m.src);
	struct cleanup c = {
		.src = a->m.src, .dst = a->target.ip, .sport = a->m.tag.sport,
		.dport = a->target.port, .seq = a->p->tcp.ack,
	};

	for (unsigned int i = 0; i < s->nsources[v6]; i++)
		if (s->sources[v6][i].foreign && addr_eq(s->sources[v6][i].addr, c.src)
		    && !ring_push(&s->cleanups, &c))
			stat_add(&s->stats, STAT_cleanup_lost, 1);
}

/* The server's data before any ACK of ours. */
static void early_data(struct answers *an, const struct arrival *a, struct entry *en)
{
	const struct packet_tcp *t = &a->p->tcp;
	uint32_t end = t->seq + t->payload_len;
	struct flow *f = NULL;

	stat_add(&an->s->stats, STAT_early_data, 1);
	if (en)
		f = cookies_flow(&an->cookies, en, a->m.kind, a->m.attempt, &a->m.tag);
	if (!f || !t->payload_len)
		return;
	if (!f->early || (int32_t)(end - f->early_end) > 0)
		f->early_end = end;
	f->early = true;
	measure_response(f);
}

void answers_take(struct answers *an, const struct arrival *a)
{
	struct entry *en = cookies_find(&an->cookies, a->k);
	struct reply reply;
	struct flow f;

	describe(an, a, &f);
	if (a->m.class != VALIDATE_ICMP && a->m.acked > f.dlen) {
		stat_add(&an->s->stats, STAT_drop_foreign, 1);
		return;
	}
	if (a->m.class == VALIDATE_SYNACK && an->foreign)
		clean_up(an, a);
	evidence_reply(&reply, a->p, a->m.acked, a->ns);
	if (a->m.class == VALIDATE_DATA)
		early_data(an, a, en);
	else if (en)
		answer_entry(an, a, en, &reply);
	else
		answer_place(an, a, &f, &reply);
}

/* Without --source-ip a capture tells what the source address was. */
static void learn_source(struct shared *s, struct addr src)
{
	bool v6 = !addr_is_v4(src);

	if (!s->nsources[v6])
		s->sources[v6][s->nsources[v6]++] = (struct source){ .addr = src };
}

void answers_sent(struct answers *an, const struct arrival *a)
{
	struct window *w = &an->s->window;
	struct entry *en = cookies_find(&an->cookies, a->k);
	struct window_cursor *cursor;

	learn_source(an->s, a->m.src);
	if (!of_sweep(an, a)) {
		if (en)
			cookies_sent(&an->cookies, en, a->ns);
		return;
	}
	cursor = &w->cursor[a->m.attempt];
	if (window_has_room(w, a->k) && (a->m.attempt == 0 || window_status(w, a->k))) {
		if (a->m.attempt == 0)
			window_start(w, a->k);
		else
			window_retry(w, a->k);
	}
	sendlog_add(&cursor->log, a->k, a->ns);
	if (a->k >= atomic_load(&cursor->done))
		atomic_store(&cursor->done, a->k + 1);
	if (a->k >= atomic_load(&w->reserved))
		atomic_store(&w->reserved, a->k + 1);
}

void answers_suppose_sent(struct answers *an, const struct arrival *a)
{
	struct window *w = &an->s->window;

	if (!window_status(w, a->k) && window_has_room(w, a->k)
	    && a->k >= atomic_load(&w->floor))
		for (window_start(w, a->k); window_status(w, a->k) <= a->m.attempt;)
			window_retry(w, a->k);
}

void answers_silent(struct answers *an, uint64_t k, uint8_t sent)
{
	struct shared *s = an->s;
	struct arrival a = { .x = order_target(&s->order, k), .k = k };
	struct flow f;
	struct evidence ev = { .nflows = 1, .flows = &f };
	uint8_t mac[6];
	bool gone;

	a.target = targets_at(s->targets, a.x);
	ev.ip = a.m.dst = a.target.ip;
	ev.port = a.m.dport = a.target.port;
	ev.source = a.m.src = shared_source(s, &a.target);
	a.m.kind = PROBE_REQUEST;
	if (!of_sweep(an, &a))
		a.m.kind = PROBE_DATA;
	a.m.tag = validate_tag(&s->validator, ev.source, ev.ip, ev.port, a.m.kind, a.m.attempt);
	describe(an, &a, &f);
	/* Where no station is on the local link, the sweep went by without a packet. */
	gone = s->neigh && neigh_find(s->neigh, ev.ip, mac) == NEIGH_SILENT;
	f.sent = gone ? 0 : sent;
	f.sent_ns = gone ? 0 : sendlog_time(&s->window.cursor[0].log, k);
	write_row(an, a.x, &ev);
}

int answers_init(struct answers *an, struct shared *s, struct sink *sink,
		 struct cookiefile *cookie_log, struct err *e)
{
	*an = (struct answers){ .s = s, .sink = sink, .cookie_log = cookie_log };
	for (unsigned int v6 = 0; v6 < 2; v6++)
		for (unsigned int i = 0; i < s->nsources[v6]; i++)
			an->foreign |= s->sources[v6][i].foreign;
	return cookies_init(&an->cookies, s, entry_done, an, e);
}

void answers_free(struct answers *an)
{
	cookies_free(&an->cookies);
}
