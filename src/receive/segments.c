#include "receive/segments.h"

#include "cache/entry.h"
#include "receive/arrival.h"
#include "receive/sent.h"
#include "state/shared.h"

#define RESETS_PER_SYN 2

/* ---- teardown ------------------------------------------------------------------------------ */

static void push_reset(struct shared *s, uint64_t k, struct segment_request r)
{
	r.reset = true;
	shared_push_segment(s, k, &r);
}

/*
 * A server that took data has said what it says: its connection is acknowledged, then reset. A
 * bare reset would leave its place in the server's TFO queue taken for a minute.
 */
static void close_accepted(struct shared *s, uint64_t k, const struct segment_request *r)
{
	shared_push_segment(s, k, r);
	push_reset(s, k, *r);
}

void segments_tear_down_entry(struct shared *s, const struct entry *en)
{
	const struct evidence ev = entry_evidence(en);

	for (unsigned int i = 0; i < en->nflows; i++) {
		const struct flow *f = &en->flows[i];
		const struct segment_request r = {
			.src = evidence_source(&ev, f), .dst = en->target.ip, .sport = f->sport,
			.dport = en->target.port, .seq = f->reply.ack,
			.ack = f->reply.seq + 1 + f->rlen,
		};

		if (entry_hears(en, f))
			close_accepted(s, en->k, &r);
	}
}

/*
 * Resets that are segments_tear_down_entry()'s, before or after: one for each flow that took data,
 * or still may, or is carried on. f: the flow that is answered, whose answer says that it did not.
 */
static unsigned int kept_resets(const struct entry *en, const struct flow *f)
{
	unsigned int n = 0;

	for (const struct flow *g = en->flows; g < en->flows + en->nflows; g++)
		n += g->course.end != COURSE_NONE
		     || (g->dlen > 0 && (g != f || entry_has_heard(en, g)));
	return n;
}

/*
 * A SYN/ACK that comes again shows that its reset was lost, or never sent: it is reset once more.
 * However often a host repeats itself, it draws no more than two resets for a SYN. Counts it. f: as
 * flow_of() has it.
 */
static bool may_reset(const struct arrival *a, const struct flow *f)
{
	struct window *w = &a->sender->window;
	uint16_t bit;

	if (a->entry && a->entry->resets + kept_resets(a->entry, f)
			< RESETS_PER_SYN * sent_all_syns(a->entry)) {
		a->entry->resets++;
		return true;
	}
	if (a->entry)
		return false;
	if (a->is_first)
		return true;
	if (a->arm < 0 || !window_status(w, a->pos))
		return false;
	bit = WINDOW_ARM(a->arm, WINDOW_RESET);
	return !(window_mark(w, a->pos, bit) & bit);
}

/* The flow of the very attempt that is answered; NULL: another one's answer decides, or none. */
static const struct flow *flow_of(const struct shared *s, const struct arrival *a)
{
	const struct flow *f = NULL;
	uint64_t ns;

	if (a->entry)
		f = sent_flow(a->entry, &s->facts.plan, a->m.kind, a->m.attempt, &ns);
	return f && f->attempt == a->m.attempt ? f : NULL;
}

/* Its connection is carried on as soon as the send thread has said that the SYN is out. */
static bool will_carry_on(const struct shared *s, const struct entry *en, const struct flow *f)
{
	const struct evidence ev = entry_evidence(en);

	return entry_is_under_way(en, f) && plan_carries_on(&s->facts.plan, &ev);
}

void segments_tear_down(struct shared *s, const struct arrival *a)
{
	const struct segment_request r = {
		.src = a->m.src, .dst = a->target.ip, .sport = a->m.tag.sport,
		.dport = a->target.port, .seq = a->p->tcp.ack,
		.ack = a->p->tcp.seq + 1 + a->p->tcp.payload_len,
	};
	const struct flow *f = flow_of(s, a);

	if (f && (entry_hears(a->entry, f) || will_carry_on(s, a->entry, f)))
		return;
	if (!may_reset(a, f))
		return;
	if (a->m.acked > 0 || (f && entry_has_heard(a->entry, f)))
		close_accepted(s, a->k, &r);
	else
		push_reset(s, a->k, r);
}

/* ---- a connection that is carried on ------------------------------------------------------- */

/* What the next segment of the connection of f says, without data. */
static struct segment_request next_segment(const struct entry *en, const struct flow *f)
{
	const struct conn *c = &en->conn;

	return (struct segment_request){
		.x = en->x, .src = en->source, .dst = en->target.ip, .sport = f->sport,
		.dport = en->target.port, .seq = c->snd_una, .ack = c->rcv_nxt,
		.scaled = c->scaled, .stamped = c->stamped, .ts_ecr = c->ts_ecr,
	};
}

static void push_carried(struct shared *s, struct entry *en, struct segment_request r)
{
	uint64_t pos;

	r.carries_on = true;
	en->conn.sent++;
	en->conn.unsent |= !shared_push_segment(s, en->k, &r);
	en->conn.waits = ring_pushed(&shared_sender(s, en->k, &pos)->segments);
}

/* All that is not acknowledged, in segments as long as the server takes. */
static void push_data(struct shared *s, struct entry *en, const struct flow *f)
{
	struct segment_request r = next_segment(en, f);

	while (r.seq != en->conn.snd_nxt) {
		uint32_t left = en->conn.snd_nxt - r.seq;

		r.from = (uint16_t)(r.seq - f->seq - 1);
		r.len = (uint16_t)(left < en->conn.mss ? left : en->conn.mss);
		push_carried(s, en, r);
		r.seq += r.len;
	}
}

void segments_carry_on(struct shared *s, struct entry *en, unsigned int due)
{
	const struct flow *f = entry_newest(en);
	struct segment_request r = next_segment(en, f);

	if (due & CONN_ACK)
		push_carried(s, en, r);
	if (due & CONN_DATA)
		push_data(s, en, f);
	r.seq--;
	if (due & CONN_KEEPALIVE)
		push_carried(s, en, r);
}

void segments_close(struct shared *s, const struct entry *en)
{
	const struct flow *f = entry_newest(en);
	struct segment_request r = next_segment(en, f);

	/* What the server has reset is closed. */
	if (f->course.end == COURSE_RESET && !f->course.goes_on)
		return;
	r.reset = true;
	shared_push_segment(s, en->k, &r);
}
