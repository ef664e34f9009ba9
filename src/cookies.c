#include "cookies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "config.h"

#define KEEP_NS		(8 * NS_PER_S)	/* SYN/ACKs are sent again after about 1, 3 and 7 s */
#define KEPT_MAX	16384u		/* entries that only wait for repeats */

int cookies_init(struct cookies *c, struct shared *s, cookies_done_fn *done, void *arg,
		 struct err *e)
{
	*c = (struct cookies){ .s = s, .done = done, .done_arg = arg };
	for (int i = 0; i < ENTRY_STATES; i++)
		c->queue[i] = (struct entry_queue){ TABLE_NONE, TABLE_NONE };
	c->v = calloc(s->slots, sizeof(*c->v));
	if (!c->v || table_init(&c->table, s->slots, s->source_key.k0)) {
		free(c->v);
		return err_set(e, ENOMEM, "out of memory for a cookie cache of %u targets", s->slots);
	}
	return 0;
}

void cookies_free(struct cookies *c)
{
	table_free(&c->table);
	free(c->v);
}

static uint32_t slot_of(const struct cookies *c, const struct entry *en)
{
	return (uint32_t)(en - c->v);
}

/* ---- queues -------------------------------------------------------------------------------- */

static void enqueue(struct cookies *c, struct entry *en, enum entry_state state)
{
	struct entry_queue *q = &c->queue[state];
	uint32_t slot = slot_of(c, en);

	en->state = (uint8_t)state;
	en->next = TABLE_NONE;
	en->prev = q->last;
	if (q->last == TABLE_NONE)
		q->first = slot;
	else
		c->v[q->last].next = slot;
	q->last = slot;
}

static void dequeue(struct cookies *c, struct entry *en)
{
	struct entry_queue *q = &c->queue[en->state];

	if (en->prev == TABLE_NONE)
		q->first = en->next;
	else
		c->v[en->prev].next = en->next;
	if (en->next == TABLE_NONE)
		q->last = en->prev;
	else
		c->v[en->next].prev = en->prev;
}

static struct entry *first_of(const struct cookies *c, enum entry_state state)
{
	uint32_t slot = c->queue[state].first;

	return slot == TABLE_NONE ? NULL : &c->v[slot];
}

/* ---- entries ------------------------------------------------------------------------------- */

/* When the probe that is under way was sent; 0: it is still in the ring. */
static uint64_t asked_ns(const struct cookies *c, const struct entry *en)
{
	return atomic_load_explicit(&c->s->stamps[slot_of(c, en)], memory_order_acquire);
}

uint32_t cookies_pending(const struct cookies *c)
{
	return c->table.n - c->nkept;
}

/* The send thread is told how full the cache is: room is kept for replies in flight. */
static void publish_fill(struct cookies *c)
{
	struct shared *s = c->s;
	uint32_t pending = cookies_pending(c);

	if (pending > stat_get(&s->stats, STAT_table_peak))
		stat_set(&s->stats, STAT_table_peak, pending);
	atomic_store_explicit(&s->crowded, pending >= (c->table.capacity + 1) / 2,
			      memory_order_relaxed);
	atomic_store_explicit(&s->pending, pending, memory_order_relaxed);
}

struct entry *cookies_find(const struct cookies *c, uint64_t k)
{
	uint32_t slot = table_get(&c->table, k);

	return slot == TABLE_NONE ? NULL : &c->v[slot];
}

static void drop_kept(struct cookies *c, struct entry *en)
{
	dequeue(c, en);
	c->nkept--;
	table_del(&c->table, slot_of(c, en));
}

struct entry *cookies_add(struct cookies *c, uint64_t k, uint64_t x, const struct target *t,
			  struct addr source, const struct flow *flow)
{
	struct entry *en = first_of(c, ENTRY_KEPT);
	uint32_t slot;

	if (en && c->table.n == c->table.capacity)
		drop_kept(c, en);
	slot = table_put(&c->table, k);
	if (slot == TABLE_NONE)
		return NULL;
	en = &c->v[slot];
	*en = (struct entry){ .k = k, .x = x, .target = *t, .source = source, .nflows = 1 };
	en->flows[0] = *flow;
	enqueue(c, en, ENTRY_LINGER);
	publish_fill(c);
	return en;
}

static void wait_in(struct cookies *c, struct entry *en, enum entry_state state, uint64_t due_ns)
{
	en->due_ns = due_ns;
	dequeue(c, en);
	enqueue(c, en, state);
}

static void finish(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	c->done(c->done_arg, en);
	wait_in(c, en, ENTRY_KEPT, now_ns + KEEP_NS);
	if (++c->nkept > KEPT_MAX || c->nkept > c->table.capacity / 4)
		drop_kept(c, first_of(c, ENTRY_KEPT));
	publish_fill(c);
}

/* What is due next: a probe after the gap, a last look at the server's answer, or the row. */
static void next(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	struct evidence ev = {
		.ip = en->target.ip, .source = en->source, .port = en->target.port,
		.nflows = en->nflows, .flows = en->flows,
	};
	const struct flow *newest = &en->flows[en->nflows - 1];

	if (en->nflows < PLAN_FLOWS_MAX && plan_next(&c->s->plan, &ev, &en->want)) {
		en->tried = 0;
		wait_in(c, en, ENTRY_GAP, now_ns + PLAN_GAP_NS);
	} else if (en->state != ENTRY_SETTLE && newest->reply.class == REPLY_SYNACK
		   && newest->reply.acked > 0) {
		wait_in(c, en, ENTRY_SETTLE, now_ns + PLAN_SETTLE_NS);
	} else {
		finish(c, en, now_ns);
	}
}

void cookies_answered(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	enum reply_class newest = (enum reply_class)en->flows[en->nflows - 1].reply.class;

	/* What is in the ring must be sent first: its slot may not become another target's. */
	if (en->state == ENTRY_GAP || en->state >= ENTRY_SETTLE || newest == REPLY_NONE
	    || (en->state == ENTRY_ASKED && !asked_ns(c, en)))
		return;
	if (newest == REPLY_SYNACK) {
		next(c, en, now_ns);
	} else if (en->state == ENTRY_ASKED || !en->due_ns) {
		wait_in(c, en, ENTRY_LINGER, now_ns + PLAN_LINGER_NS);
	}
}

/* ---- follow-ups ---------------------------------------------------------------------------- */

/* The flow of a follow-up, as its first attempt is about to be sent. */
static void describe(const struct cookies *c, const struct entry *en, struct flow *f)
{
	struct validate_tag tag = validate_tag(&c->s->validator, en->source, en->target.ip,
					       en->target.port, en->want.kind, en->want.attempt);
	uint8_t payload[PAYLOAD_MAX];

	*f = (struct flow){
		.kind = en->want.kind, .attempt = en->want.attempt, .sport = tag.sport,
		.seq = tag.seq, .synkind = en->want.cookie.kind, .synlen = en->want.cookie.len,
	};
	memcpy(f->syncookie, en->want.cookie.cookie, en->want.cookie.len);
	if (probe_types[f->kind].payload)
		f->dlen = (uint16_t)shared_payload(c->s, en->x, &en->target, payload);
}

/* Hands the wanted probe's next attempt to the send thread. False: the ring is full. */
static bool ask(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	uint32_t slot = slot_of(c, en);
	struct followup f = {
		.x = en->x, .target = en->target, .source = en->source, .slot = slot,
		.kind = en->want.kind, .attempt = (uint8_t)(en->want.attempt + en->tried),
		.cookie = en->want.cookie,
	};

	en->before_ns = en->tried ? asked_ns(c, en) : 0;
	atomic_store_explicit(&c->s->stamps[slot], 0, memory_order_relaxed);
	if (!ring_push(&c->s->followups, &f)) {
		atomic_store_explicit(&c->s->stamps[slot], en->before_ns, memory_order_relaxed);
		return false;
	}
	if (en->tried++ == 0)
		describe(c, en, &en->flows[en->nflows++]);
	wait_in(c, en, ENTRY_ASKED, now_ns);
	return true;
}

/* When attempt i of the flow under way was sent; 0: not known, or not yet. */
static uint64_t attempt_ns(const struct cookies *c, const struct entry *en, unsigned int i)
{
	if (i + 1 == en->tried)
		return asked_ns(c, en);
	if (i + 2 == en->tried)
		return en->before_ns;
	return i == 0 ? en->flows[en->nflows - 1].sent_ns : 0;
}

struct flow *cookies_flow(const struct cookies *c, struct entry *en, uint8_t kind,
			  uint8_t attempt, const struct validate_tag *tag)
{
	const struct plan *p = &c->s->plan;
	unsigned int generation = plan_generation(p, kind, attempt);
	unsigned int i = attempt - generation * plan_followup_attempts(p);
	struct flow *f = NULL, *newest = &en->flows[en->nflows - 1];
	bool first;

	for (unsigned int n = 0; n < en->nflows && !f; n++)
		if (en->flows[n].kind == kind
		    && plan_generation(p, kind, en->flows[n].attempt) == generation)
			f = &en->flows[n];
	if (!f)
		return NULL;
	first = f->reply.class == REPLY_NONE;
	if (f == newest && en->state == ENTRY_ASKED)
		f->sent = (uint8_t)(en->tried - !asked_ns(c, en));
	if (i >= f->sent)
		return NULL;
	if (first)
		f->sent_ns = attempt_ns(c, en, i);
	else if (f->attempt != attempt && f->reply.class != REPLY_SYNACK)
		f->sent_ns = 0;		/* a SYN/ACK after a RST to another attempt */
	if (first || f->reply.class != REPLY_SYNACK) {
		f->attempt = attempt;
		f->sport = tag->sport;
		f->seq = tag->seq;
	}
	return f;
}

void cookies_sent(struct cookies *c, struct entry *en, uint64_t ns)
{
	if (en->state == ENTRY_GAP && !ask(c, en, ns))
		return;
	if (en->state == ENTRY_ASKED)
		atomic_store_explicit(&c->s->stamps[slot_of(c, en)], ns, memory_order_relaxed);
}

/* The flow under way, as far as it was sent. */
static void settle(struct cookies *c, struct entry *en)
{
	struct flow *f = &en->flows[en->nflows - 1];
	uint64_t sent_ns = asked_ns(c, en);

	f->sent = (uint8_t)(en->tried - !sent_ns);
	if (!f->sent)
		en->nflows--;
	else if (en->tried == 1 && f->reply.class == REPLY_NONE)
		f->sent_ns = sent_ns;
}

/* Of those that were asked: the silent ones are asked again, or given up. */
static void tick_asked(struct cookies *c, uint64_t now_ns)
{
	const struct config *config = c->s->config;
	struct entry *en;

	while ((en = first_of(c, ENTRY_ASKED))) {
		const struct flow *f = &en->flows[en->nflows - 1];
		uint64_t sent_ns = asked_ns(c, en);
		/* A capture may lack what was sent: then it was not. */
		uint64_t from_ns = config->rx_file && !sent_ns ? en->due_ns : sent_ns;

		if (!from_ns || (f->reply.class != REPLY_SYNACK
				 && now_ns < from_ns + config->timeout_ns))
			return;
		settle(c, en);
		if (!sent_ns)
			finish(c, en, now_ns);
		else if (f->reply.class != REPLY_NONE || shared_stopping(c->s, STOP_SENDING)
			 || en->tried == plan_followup_attempts(&c->s->plan))
			next(c, en, now_ns);
		else if (!ask(c, en, now_ns))
			return;
	}
}

void cookies_tick(struct cookies *c, uint64_t now_ns)
{
	struct entry *en;

	while ((en = first_of(c, ENTRY_GAP)) && en->due_ns <= now_ns
	       && !shared_stopping(c->s, STOP_SENDING))
		if (!ask(c, en, now_ns))
			break;
	tick_asked(c, now_ns);
	while ((en = first_of(c, ENTRY_LINGER)) && en->due_ns <= now_ns)
		next(c, en, now_ns);
	while ((en = first_of(c, ENTRY_SETTLE)) && en->due_ns <= now_ns)
		finish(c, en, now_ns);
	while ((en = first_of(c, ENTRY_KEPT)) && en->due_ns <= now_ns)
		drop_kept(c, en);
}

void cookies_flush(struct cookies *c, uint64_t now_ns)
{
	struct entry *en;

	for (int state = 0; state < ENTRY_KEPT; state++) {
		while ((en = first_of(c, (enum entry_state)state))) {
			if (state == ENTRY_ASKED)
				settle(c, en);
			finish(c, en, now_ns);
		}
	}
}
