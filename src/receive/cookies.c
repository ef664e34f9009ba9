#include "receive/cookies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "verdict.h"

#define KEEP_NS		(8 * NS_PER_S)	/* SYN/ACKs are sent again after about 1, 3 and 7 s */
#define KEPT_MAX	16384u		/* entries that only wait for repeats */

int cookies_init(struct cookies *c, struct shared *s, cookies_done_fn *done, void *arg,
		 struct err *e)
{
	*c = (struct cookies){ .s = s, .done = done, .done_arg = arg };
	for (int i = 0; i < ENTRY_STATES; i++)
		c->queue[i] = (struct entry_queue){ TABLE_NONE, TABLE_NONE };
	c->v = calloc(s->facts.slots, sizeof(*c->v));
	c->flows = calloc(s->facts.slots, plan_flows(&s->facts.plan) * sizeof(*c->flows));
	if (!c->v || !c->flows || table_init(&c->table, s->facts.slots, s->facts.source_key.k0)) {
		free(c->v);
		free(c->flows);
		return err_set(e, ENOMEM, "out of memory for a cookie cache of %u targets",
			       s->facts.slots);
	}
	return 0;
}

void cookies_free(struct cookies *c)
{
	table_free(&c->table);
	free(c->v);
	free(c->flows);
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

static uint64_t stamp_of(const struct cookies *c, const struct entry *en)
{
	return atomic_load_explicit(&c->s->stamps[slot_of(c, en)], memory_order_acquire);
}

/* When the probe that is under way was sent; 0: it is not known to be sent. */
static uint64_t asked_ns(const struct cookies *c, const struct entry *en)
{
	uint64_t stamp = stamp_of(c, en);

	return (stamp & STAMP_LEAVING) ? 0 : stamp;
}

/* When the probe that is under way may have been sent: it can be answered; 0: it cannot. */
static uint64_t leaving_ns(const struct cookies *c, const struct entry *en)
{
	uint64_t stamp = stamp_of(c, en);

	return stamp == STAMP_NOT_SENT ? 0 : stamp & ~STAMP_LEAVING;
}

struct evidence entry_evidence(const struct entry *en)
{
	struct evidence ev = {
		.ip = en->target.ip, .source = en->source, .port = en->target.port,
		.nflows = en->nflows, .flows = en->flows, .sent_before = en->sent_before,
	};

	if (en->round > 0)
		ev.confirmed = verdict_decide(&ev) == (enum verdict)en->first_verdict
			       ? CONFIRMED_TRUE : CONFIRMED_FALSE;
	return ev;
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

	if (pending > stat_get(&s->rx.stats, STAT_table_peak))
		stat_set(&s->rx.stats, STAT_table_peak, pending);
	atomic_store_explicit(&s->rx.cache_half_full, pending >= (c->table.capacity + 1) / 2,
			      memory_order_relaxed);
	atomic_store_explicit(&s->rx.pending, pending, memory_order_relaxed);
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
			  struct addr source, const struct flow *flow, bool open)
{
	struct entry *en = first_of(c, ENTRY_KEPT);
	uint32_t slot;

	if (en && c->table.n == c->table.capacity)
		drop_kept(c, en);
	slot = table_put(&c->table, k);
	if (slot == TABLE_NONE)
		return NULL;
	en = &c->v[slot];
	*en = (struct entry){
		.k = k, .x = x, .target = *t, .source = source, .nflows = 1, .open = open,
		.flows = &c->flows[(size_t)slot * plan_flows(&c->s->facts.plan)],
	};
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

struct flow *cookies_add_arm(struct entry *en, const struct flow *flow)
{
	unsigned int at = en->nflows++;

	/* In the order of sending: syn before request. */
	for (; at > 0 && en->flows[at - 1].kind > flow->kind; at--)
		en->flows[at] = en->flows[at - 1];
	en->flows[at] = *flow;
	return &en->flows[at];
}

/* A blocked verdict is tested once more, later. */
static bool wants_confirmation(struct cookies *c, const struct entry *en)
{
	struct evidence ev;

	if (!c->s->facts.plan.confirm || en->round > 0 || c->flushing
	    || shared_stopping(c->s, STOP_SENDING))
		return false;
	ev = entry_evidence(en);
	return verdict_is_blocked(verdict_decide(&ev));
}

/* Nothing is due any more. */
static void keep(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	wait_in(c, en, ENTRY_KEPT, now_ns + KEEP_NS);
	if (++c->nkept > KEPT_MAX || c->nkept > c->table.capacity / 4)
		drop_kept(c, first_of(c, ENTRY_KEPT));
	publish_fill(c);
}

static void finish(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	if (wants_confirmation(c, en)) {
		wait_in(c, en, ENTRY_CONFIRM, now_ns + c->s->facts.config->probing.confirm_ns);
		return;
	}
	c->done(c->done_arg, en);
	keep(c, en, now_ns);
}

/*
 * The scan ends before the target is known, or its probes may not have come past the gateway: no
 * row, as that could be false.
 */
static void leave_unfinished(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	stat_add(&c->s->rx.stats, STAT_unfinished, 1);
	keep(c, en, now_ns);
}

/*
 * Whether the server may say something to the SYN, and has given it a place in its TFO queue: it
 * took data, or a cookie without data.
 */
static bool server_took(const struct flow *f)
{
	struct tcpopts o;

	if (f->reply.class != REPLY_SYNACK || f->kind != PROBE_BARE)
		return f->reply.class == REPLY_SYNACK && f->reply.acked > 0;
	evidence_options(f, &o);
	return o.tfo.state == TFO_ABSENT;
}

/* The sweep's probes settle together, a follow-up by itself. */
static unsigned int first_settling(const struct entry *en)
{
	return en->tried && en->nflows ? en->nflows - 1u : 0;
}

bool cookies_settling(const struct cookies *c)
{
	return first_of(c, ENTRY_SETTLE) != NULL;
}

bool cookies_may_reset(struct entry *en)
{
	struct evidence ev = entry_evidence(en);

	if (en->resets >= 2 * evidence_probes(&ev))
		return false;
	en->resets++;
	return true;
}

bool cookies_settles(const struct entry *en, const struct flow *f)
{
	return server_took(f) && f >= en->flows + first_settling(en)
	       && (en->state == ENTRY_ARMS || en->state == ENTRY_LINGER
		   || en->state == ENTRY_SETTLE
		   /* The answer overtook the send thread's word that the SYN is out. */
		   || en->state == ENTRY_ASKED);
}

bool cookies_settled(const struct entry *en, const struct flow *f)
{
	bool under_way = en->state == ENTRY_ASKED && f == &en->flows[en->nflows - 1];

	return server_took(f) && !under_way && !cookies_settles(en, f);
}

static bool any_taken(const struct entry *en)
{
	for (unsigned int i = first_settling(en); i < en->nflows; i++)
		if (server_took(&en->flows[i]))
			return true;
	return false;
}

/* What is due next: a probe after the gap, a last look at the server's answer, or the row. */
static void next(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	const struct plan *p = &c->s->facts.plan;
	struct evidence ev = entry_evidence(en);

	if (en->state == ENTRY_SETTLE && c->settled)
		c->settled(c->done_arg, en);
	if (en->state != ENTRY_SETTLE && any_taken(en)) {
		wait_in(c, en, ENTRY_SETTLE, now_ns + PLAN_TEARDOWN_DELAY_NS);
	} else if (en->nflows < plan_flows(p) && plan_next(p, &ev, en->round, &en->want)) {
		if (probe_types[en->want.kind].option == PROBE_OPTION_FORGED)
			facts_forge(&c->s->facts, &en->target, &en->want.cookie);
		en->tried = 0;
		wait_in(c, en, ENTRY_GAP, now_ns + PLAN_GAP_NS);
	} else {
		finish(c, en, now_ns);
	}
}

/* A RST or an ICMP error came to one of the sweep's probes. */
static bool arms_refused(const struct entry *en)
{
	for (unsigned int i = 0; i < en->nflows; i++)
		if (en->flows[i].reply.class != REPLY_SYNACK)
			return true;
	return false;
}

/* An arm was answered: on when all are. */
static void arm_answered(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	if (en->nflows < plan_arms(&c->s->facts.plan)) {
		if (en->state != ENTRY_ARMS)
			wait_in(c, en, ENTRY_ARMS, 0);
		return;
	}
	en->open = false;
	if (arms_refused(en))
		wait_in(c, en, ENTRY_LINGER, now_ns + PLAN_LINGER_NS);
	else
		next(c, en, now_ns);
}

/* The sweep is done with the position. */
static bool is_swept(const struct cookies *c, const struct entry *en)
{
	uint64_t pos;
	const struct sender *l = shared_sender(c->s, en->k, &pos);

	return pos < l->window.tail;
}

/*
 * Then arms that were not answered stay silent. False: one of them may not have been sent, or not
 * have come past the gateway, or its answer was lost here: its silence proves nothing.
 */
static bool close_arms(const struct cookies *c, struct entry *en)
{
	struct shared *s = c->s;
	uint64_t pos;
	const struct sender *l = shared_sender(s, en->k, &pos);
	const struct window *w = &l->window;
	uint16_t status = window_status(w, pos);
	struct tfo_option option;
	bool known = true;
	struct flow f;

	en->open = false;
	for (unsigned int arm = 0; arm < plan_arms(&s->facts.plan); arm++) {
		enum probe_kind kind = facts_sweep_probe(&s->facts, &en->target, en->source, arm,
							 &option);
		bool there = false;

		for (unsigned int i = 0; i < en->nflows; i++)
			there |= en->flows[i].kind == kind;
		if (there || !window_sent(status, arm))
			continue;
		facts_describe(&s->facts, en->x, &en->target, en->source, (uint8_t)kind, 0, &option,
			       &f);
		f.sent = (uint8_t)window_sent(status, arm);
		f.sent_ns = sender_sent_ns(l, pos, arm, 0);
		cookies_add_arm(en, &f);
		known = !(status & WINDOW_UNKNOWN)
			&& !sender_pos_astray(l, &s->facts, pos, en->target.ip, status);
	}
	return known;
}

void cookies_answered(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	enum reply_class newest = (enum reply_class)en->flows[en->nflows - 1].reply.class;

	if (en->open) {
		arm_answered(c, en, now_ns);
		return;
	}
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

/* Hands the wanted probe's next attempt to the send thread. False: the ring is full. */
static bool ask(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	uint32_t slot = slot_of(c, en);
	uint64_t before_ns = en->tried ? asked_ns(c, en) : 0, pos;
	struct followup f = {
		.x = en->x, .target = en->target, .source = en->source, .slot = slot,
		.kind = en->want.kind, .attempt = (uint8_t)(en->want.attempt + en->tried),
		.cookie = en->want.cookie,
	};

	atomic_store_explicit(&c->s->stamps[slot], 0, memory_order_relaxed);
	if (!ring_push(&shared_sender(c->s, en->k, &pos)->followups, &f)) {
		atomic_store_explicit(&c->s->stamps[slot], before_ns, memory_order_relaxed);
		return false;
	}
	en->before_ns = before_ns;
	if (en->tried++ == 0)
		facts_describe(&c->s->facts, en->x, &en->target, en->source, f.kind, f.attempt,
				&f.cookie, &en->flows[en->nflows++]);
	wait_in(c, en, ENTRY_ASKED, now_ns);
	return true;
}

/* When attempt i of flow f was sent; 0: not known, or not yet. */
static uint64_t attempt_ns(const struct cookies *c, const struct entry *en, const struct flow *f,
			   unsigned int i)
{
	bool asked = f == &en->flows[en->nflows - 1] && en->tried > 0;

	if (asked && i + 1 == en->tried)
		return leaving_ns(c, en);
	if (asked && i + 2 == en->tried)
		return en->before_ns;
	return i == f->attempt % plan_followup_attempts(&c->s->facts.plan) ? f->sent_ns : 0;
}

struct flow *cookies_flow(const struct cookies *c, struct entry *en, uint8_t kind,
			  uint8_t attempt, uint64_t *sent_ns)
{
	const struct plan *p = &c->s->facts.plan;
	unsigned int generation = plan_generation(p, attempt);
	unsigned int i = attempt % plan_followup_attempts(p);
	struct flow *f = NULL;

	for (unsigned int n = 0; n < en->nflows && !f; n++)
		if (en->flows[n].kind == kind
		    && plan_generation(p, en->flows[n].attempt) == generation)
			f = &en->flows[n];
	if (!f)
		return NULL;
	if (f == &en->flows[en->nflows - 1] && en->state == ENTRY_ASKED)
		f->sent = (uint8_t)(en->tried - !leaving_ns(c, en));
	if (i >= f->sent)
		return NULL;
	*sent_ns = attempt_ns(c, en, f, i);
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

/* Whether what is known of the entry's target is all that the plan asks, and had its time. */
static bool is_known(struct cookies *c, struct entry *en)
{
	struct evidence ev;
	struct plan_want want;

	if (en->state == ENTRY_LINGER || (en->state == ENTRY_ARMS && !is_swept(c, en)))
		return false;
	if (en->state == ENTRY_ARMS && !close_arms(c, en))
		return false;
	if (en->state == ENTRY_ASKED)
		settle(c, en);
	if (en->nflows == 0
	    || (en->state == ENTRY_ASKED && en->flows[en->nflows - 1].reply.class == REPLY_NONE))
		return false;
	ev = entry_evidence(en);
	return en->nflows == plan_flows(&c->s->facts.plan)
	       || !plan_next(&c->s->facts.plan, &ev, en->round, &want)
	       /* That data was not sent is what this verdict says. */
	       || (en->round == 0 && verdict_decide(&ev) == VERDICT_COOKIE_ONLY);
}

/* The last attempt was given up: where none before it was answered the plan ends there. */
static void end_given_up(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	if (en->flows[en->nflows - 1].reply.class != REPLY_NONE) {
		settle(c, en);
		next(c, en, now_ns);
	} else if (is_known(c, en)) {
		finish(c, en, now_ns);
	} else {
		leave_unfinished(c, en, now_ns);
	}
}

/* Whether the last attempt of the flow under way may not have come past the gateway. */
static bool is_astray(const struct cookies *c, const struct entry *en)
{
	uint64_t pos;

	return en->flows[en->nflows - 1].reply.class == REPLY_NONE
	       && sender_astray(shared_sender(c->s, en->k, &pos), &c->s->facts, en->target.ip,
				asked_ns(c, en));
}

/* Of those that were asked: the silent ones are asked again, or given up. */
static void tick_asked(struct cookies *c, uint64_t now_ns, uint64_t read_ns)
{
	const struct config *config = c->s->facts.config;
	struct entry *en;

	while ((en = first_of(c, ENTRY_ASKED))) {
		const struct flow *f = &en->flows[en->nflows - 1];
		uint64_t sent_ns = asked_ns(c, en);
		/* A capture may lack what was sent: then it was not. */
		uint64_t from_ns = config->network.rx_file && !sent_ns ? en->due_ns : sent_ns;

		if (stamp_of(c, en) == STAMP_NOT_SENT) {
			end_given_up(c, en, now_ns);
			continue;
		}
		if (!from_ns || (f->reply.class != REPLY_SYNACK
				 && read_ns < from_ns + config->probing.timeout_ns))
			return;
		settle(c, en);
		if (!sent_ns && en->tried == 1)
			finish(c, en, now_ns);
		else if (f->reply.class != REPLY_NONE
			 || (sent_ns && en->tried == plan_followup_attempts(&c->s->facts.plan)
			     && !is_astray(c, en)))
			next(c, en, now_ns);
		else if (!sent_ns || en->tried == plan_followup_attempts(&c->s->facts.plan)
			 || shared_stopping(c->s, STOP_SENDING))
			leave_unfinished(c, en, now_ns);
		else if (!ask(c, en, now_ns))
			return;
	}
}

/* The whole plan once more; what the first round said is kept beside it. */
static void second_round(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	struct evidence ev = entry_evidence(en);

	en->first_verdict = (uint8_t)verdict_decide(&ev);
	en->sent_before = (uint16_t)evidence_probes(&ev);
	en->round = 1;
	en->nflows = 0;
	next(c, en, now_ns);
}

void cookies_tick(struct cookies *c, uint64_t now_ns, uint64_t read_ns)
{
	struct entry *en;

	while ((en = first_of(c, ENTRY_ARMS)) && is_swept(c, en)) {
		if (close_arms(c, en))
			next(c, en, now_ns);
		else
			leave_unfinished(c, en, now_ns);
	}
	while ((en = first_of(c, ENTRY_GAP)) && en->due_ns <= now_ns
	       && !shared_stopping(c->s, STOP_SENDING))
		if (!ask(c, en, now_ns))
			break;
	tick_asked(c, now_ns, read_ns);
	while ((en = first_of(c, ENTRY_LINGER)) && en->due_ns <= read_ns)
		next(c, en, now_ns);
	while ((en = first_of(c, ENTRY_SETTLE)) && en->due_ns <= read_ns)
		next(c, en, now_ns);
	while ((en = first_of(c, ENTRY_CONFIRM)) && en->due_ns <= now_ns
	       && !shared_stopping(c->s, STOP_SENDING))
		second_round(c, en, now_ns);
	while ((en = first_of(c, ENTRY_KEPT)) && en->due_ns <= now_ns)
		drop_kept(c, en);
}

void cookies_flush(struct cookies *c, uint64_t now_ns)
{
	struct entry *en;

	c->flushing = true;
	for (int state = 0; state < ENTRY_KEPT; state++)
		while ((en = first_of(c, (enum entry_state)state))) {
			if (is_known(c, en))
				finish(c, en, now_ns);
			else
				leave_unfinished(c, en, now_ns);
		}
}
