#include "receive/cookies.h"

#include "base/clock.h"
#include "cache/trail.h"
#include "config/config.h"
#include "receive/sent.h"
#include "state/shared.h"

#define KEPT_MAX	16384u		/* entries that only wait for repeats */

int cookies_init(struct cookies *c, struct shared *s, unsigned int part, cookies_done_fn *done,
		 void *arg, struct err *e)
{
	uint32_t slots = shared_part_slots(s);

	*c = (struct cookies){
		.facts = &s->facts, .senders = s->senders, .nsenders = s->nsenders, .s = s,
		.part = &s->rx.part[part], .stop = &s->control.stop, .done = done, .arg = arg,
	};
	return entry_cache_init(&c->cache, slots, plan_flows(&s->facts.plan),
				&s->stamps[part * slots], s->facts.source_key.k0, e);
}

void cookies_free(struct cookies *c)
{
	entry_cache_free(&c->cache);
}

uint32_t cookies_pending(const struct cookies *c)
{
	return entry_cache_pending(&c->cache);
}

bool cookies_teardowns_due(const struct cookies *c)
{
	return entry_cache_first(&c->cache, ENTRY_TEARDOWN) != NULL;
}

struct entry *cookies_find(const struct cookies *c, uint64_t k)
{
	return entry_cache_find(&c->cache, k);
}

/* Back-pressure on the send threads: room is kept for replies in flight. */
static void publish_fill(struct cookies *c)
{
	uint32_t pending = cookies_pending(c);

	atomic_store_explicit(&c->part->cache_half_full,
			      pending >= (c->cache.table.capacity + 1) / 2, memory_order_relaxed);
	atomic_store_explicit(&c->part->pending, pending, memory_order_relaxed);
	/* Of all parts together; an earlier part of the run has its own, which is read with it. */
	stat_raise(&c->s->rx.stats, STAT_table_peak, rx_due(&c->s->rx).pending,
		   stat_get(&c->s->earlier, STAT_table_peak));
}

/* ---- questions ----------------------------------------------------------------------------- */

/* The sweep is done with the position, as far as it will be. */
static bool is_swept(const struct cookies *c, const struct entry *en, uint64_t read_ns)
{
	uint64_t pos;
	const struct sender *sd = cookies_sender(c, en, &pos);

	return sent_is_over(sd, pos, c->facts->config->probing.timeout_ns, read_ns);
}

/* Whether the silence of the arm that was not answered proves something. */
static bool is_proven(const struct cookies *c, const struct entry *en)
{
	uint64_t pos;
	const struct sender *sd = cookies_sender(c, en, &pos);

	return sent_proves(sd, c->facts->neigh, &c->part->losses,
			   c->facts->config->probing.timeout_ns, pos, en->target.ip);
}

/*
 * Whether the last attempt of the flow under way may not have come past the gateway, or an answer
 * to one of them was lost.
 */
static bool is_in_doubt(const struct cookies *c, const struct entry *en)
{
	uint64_t ns = sent_newest_ns(en), pos;
	const struct sender *sd = cookies_sender(c, en, &pos);

	/* A hop probe is tried once. */
	return sent_is_astray(sd, c->facts->neigh, en->target.ip, ns)
	       || sent_is_unheard(&c->part->losses, ns, en->tried ? en->tried : 1,
				  c->facts->config->probing.timeout_ns);
}

/* ---- steps --------------------------------------------------------------------------------- */

/* What the table says. False: the entry stays as it was. */
static bool step(struct cookies *c, struct entry *en, enum entry_event event, uint64_t now_ns)
{
	enum entry_state from = (enum entry_state)en->state, to;
	const struct entry_rule *rule = &entry_rules[from][event];

	to = cookies_act(c, en, rule, now_ns);
	if (to != COOKIES_STAYS)
		entry_cache_move(&c->cache, en, to);
	if (c->step)
		c->step(c->step_arg, en, from, event, now_ns);
	return to != COOKIES_STAYS;
}

/* Those that have their row give way to those that have none. */
static void limit_done(struct cookies *c, uint64_t now_ns)
{
	const struct entry_queue *q = &c->cache.queue[ENTRY_DONE];

	while (q->n > KEPT_MAX || q->n > c->cache.table.capacity / 4) {
		struct entry *en = entry_cache_first(&c->cache, ENTRY_DONE);

		entry_cache_expect_next(&c->cache, en);
		step(c, en, ENTRY_ON_ROOM, now_ns);
	}
}

/* The same, and what follows from there being fewer or more. */
static bool take_step(struct cookies *c, struct entry *en, enum entry_event event, uint64_t now_ns)
{
	bool moved = step(c, en, event, now_ns);

	if (moved && en->state == ENTRY_DONE) {
		limit_done(c, now_ns);
		publish_fill(c);
	}
	return moved;
}

/* Where what was sent is read of a capture: an entry whose probe it seems to lack; NULL: none. */
static struct entry *first_unsent(const struct cookies *c, uint64_t now_ns)
{
	for (int state = ENTRY_NONE + 1; c->sees_sent && state < ENTRY_DONE; state++) {
		struct entry *en = entry_cache_first(&c->cache, (enum entry_state)state);

		if (en && entry_states[state].clock == ENTRY_CLOCK_SENDING
		    && en->due_ns + c->facts->config->probing.timeout_ns <= now_ns)
			return en;
	}
	return NULL;
}

static void make_room(struct cookies *c, uint64_t now_ns)
{
	struct entry *en = first_unsent(c, now_ns);

	if (en && !entry_cache_first(&c->cache, ENTRY_DONE))
		take_step(c, en, ENTRY_ON_FLUSH, now_ns);
	en = entry_cache_first(&c->cache, ENTRY_DONE);
	if (en)
		take_step(c, en, ENTRY_ON_ROOM, now_ns);
}

/* ---- events -------------------------------------------------------------------------------- */

struct entry *cookies_add(struct cookies *c, uint64_t k, uint64_t x, const struct target *t,
			  struct addr source, const struct flow *flow, bool open)
{
	struct entry *en;

	if (c->cache.table.n == c->cache.table.capacity)
		make_room(c, flow->reply.time_ns);
	en = entry_cache_add(&c->cache, k);
	if (!en)
		return NULL;
	en->x = x;
	en->target = *t;
	en->source = source;
	en->elsewhere = facts_elsewhere(c->facts, t);
	en->nflows = 1;
	en->flows[0] = *flow;
	if (open)
		take_step(c, en, ENTRY_ON_ARM_ANSWERED, flow->reply.time_ns);
	publish_fill(c);
	return en;
}

/* A RST or an ICMP error came to one of the sweep's probes. */
static bool any_refused(const struct entry *en)
{
	for (unsigned int i = 0; i < en->nflows; i++)
		if (!flow_has_synack(&en->flows[i]))
			return true;
	return false;
}

/* What is in the ring must be sent first: its slot may not become another target's. */
static enum entry_event answer_event(const struct cookies *c, const struct entry *en)
{
	enum reply_class newest = (enum reply_class)entry_newest(en)->reply.class;

	if (en->state == ENTRY_SWEEP && en->nflows < plan_arms(&c->facts->plan))
		return ENTRY_ON_ARM_ANSWERED;
	if (en->state == ENTRY_SWEEP)
		return any_refused(en) ? ENTRY_ON_REFUSED : ENTRY_ON_ACCEPTED;
	if (newest == REPLY_NONE || (en->state == ENTRY_UNDER_WAY && !sent_newest_ns(en)))
		return ENTRY_ON_OVERTAKEN;
	return newest == REPLY_SYNACK ? ENTRY_ON_ACCEPTED : ENTRY_ON_REFUSED;
}

/* From here on, and not only from its row on, the target is one that gave a cookie. */
static void note_cookie(struct cookies *c, struct entry *en)
{
	struct evidence ev;

	if (en->gave)
		return;
	ev = entry_evidence(en);
	en->gave = evidence_cookie(&ev) != NULL;
	if (en->gave)
		atomic_store_explicit(&c->part->cookies, ++c->gave, memory_order_relaxed);
}

void cookies_answered(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	note_cookie(c, en);
	take_step(c, en, answer_event(c, en), now_ns);
}

void cookies_hop_answered(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	/* Its slot may not become another target's before it has left. */
	if (sent_newest_ns(en) && !sent_is_given_up(en))
		take_step(c, en, ENTRY_ON_COMPLETE, now_ns);
}

void cookies_segment(struct cookies *c, struct entry *en, const struct packet_tcp *t, uint64_t ns)
{
	struct flow *f = entry_newest(en);
	unsigned int due = conn_take(&en->conn, f, t, ns);

	if (c->carry_on && due)
		c->carry_on(c->arg, en, due);
	if (f->course.end != COURSE_OPEN)
		take_step(c, en, ENTRY_ON_ENDED, ns);
}

/* What has become of the probe under way; ENTRY_EVENTS: it may still be answered. */
static enum entry_event probe_event(const struct cookies *c, const struct entry *en,
				    uint64_t read_ns)
{
	uint64_t timeout_ns = c->facts->config->probing.timeout_ns;
	enum reply_class class = (enum reply_class)entry_newest(en)->reply.class;
	bool is_last = en->tried == plan_followup_attempts(&c->facts->plan);
	uint64_t ns = sent_newest_ns(en);

	if (sent_is_given_up(en))
		return class == REPLY_NONE ? ENTRY_ON_GIVEN_UP : ENTRY_ON_COMPLETE;
	if (!ns || (class != REPLY_SYNACK && read_ns < ns + timeout_ns))
		return ENTRY_EVENTS;
	if (class != REPLY_NONE)
		return ENTRY_ON_COMPLETE;
	if (is_last && !is_in_doubt(c, en))
		return ENTRY_ON_TIMEOUT_LAST;
	return is_last || cookies_stopping(c) ? ENTRY_ON_UNPROVEN : ENTRY_ON_TIMEOUT;
}

/* The same of a hop probe, which is tried once. */
static enum entry_event hop_event(const struct cookies *c, const struct entry *en,
				  uint64_t read_ns)
{
	uint64_t ns = sent_newest_ns(en);

	if (sent_is_given_up(en))
		return ENTRY_ON_GIVEN_UP;
	if (ns && en->trail->is_answered)
		return ENTRY_ON_COMPLETE;
	if (!ns || read_ns < ns + c->facts->config->probing.timeout_ns)
		return ENTRY_EVENTS;
	return is_in_doubt(c, en) ? ENTRY_ON_UNPROVEN : ENTRY_ON_TIMEOUT_LAST;
}

/* What time has brought; ENTRY_EVENTS: nothing. */
static enum entry_event time_event(const struct cookies *c, const struct entry *en,
				   uint64_t now_ns, uint64_t read_ns)
{
	bool due = false;

	if (en->state == ENTRY_UNDER_WAY)
		return probe_event(c, en, read_ns);
	if (en->state == ENTRY_HOP)
		return hop_event(c, en, read_ns);
	if (en->state == ENTRY_SWEEP && is_swept(c, en, read_ns))
		return is_proven(c, en) ? ENTRY_ON_SWEPT : ENTRY_ON_UNPROVEN;
	if (en->state == ENTRY_CARRY && cookies_stopping(c))
		return ENTRY_ON_UNPROVEN;
	switch (entry_states[en->state].clock) {
	case ENTRY_CLOCK_NONE:
		break;
	case ENTRY_CLOCK_SENDING:
		/* A capture shows when that was. */
		due = en->due_ns <= now_ns && !c->sees_sent && !cookies_stopping(c);
		break;
	case ENTRY_CLOCK_NOW:
		due = en->due_ns <= now_ns;
		break;
	case ENTRY_CLOCK_READ:
		due = en->due_ns <= read_ns;
		break;
	}
	return due ? ENTRY_ON_DUE : ENTRY_EVENTS;
}

void cookies_look(struct cookies *c, struct entry *en, uint64_t now_ns, uint64_t read_ns)
{
	enum entry_event event;

	do {
		event = time_event(c, en, now_ns, read_ns);
	} while (event != ENTRY_EVENTS && take_step(c, en, event, now_ns)
		 && en->state != ENTRY_NONE);
}

/* m is the probe that the entry waits to send. */
static bool is_due(const struct entry *en, const struct validate_match *m)
{
	if (en->state == ENTRY_GAP)
		return m->kind == en->want.kind && m->attempt == en->want.attempt + en->tried;
	return (en->state == ENTRY_HOP_GAP || en->state == ENTRY_HOP_REST)
	       && m->kind == PROBE_HOP && trail_is_next(en, m);
}

void cookies_sent(struct cookies *c, struct entry *en, const struct validate_match *m,
		  uint64_t ns)
{
	cookies_look(c, en, ns, ns);
	if (en->state == ENTRY_CONFIRM && en->due_ns <= ns)
		take_step(c, en, ENTRY_ON_DUE, ns);
	if (!is_due(en, m))
		return;
	if (en->trail)
		en->trail->probe.rests = 0;
	take_step(c, en, ENTRY_ON_SEEN, ns);
	if (en->state == ENTRY_UNDER_WAY || en->state == ENTRY_HOP)
		atomic_store_explicit(en->stamp, ns, memory_order_relaxed);
}

void cookies_tick(struct cookies *c, uint64_t now_ns, uint64_t read_ns)
{
	struct entry *en;

	for (int state = ENTRY_NONE + 1; state < ENTRY_STATES; state++) {
		enum entry_event event = ENTRY_EVENTS;

		do {
			en = entry_cache_first(&c->cache, (enum entry_state)state);
			event = en ? time_event(c, en, now_ns, read_ns) : ENTRY_EVENTS;
			if (event != ENTRY_EVENTS)
				entry_cache_expect_next(&c->cache, en);
		} while (event != ENTRY_EVENTS && take_step(c, en, event, now_ns));
	}
	en = entry_cache_first(&c->cache, ENTRY_CONFIRM);
	atomic_store_explicit(&c->part->second_tests, c->cache.queue[ENTRY_CONFIRM].n,
			      memory_order_relaxed);
	atomic_store_explicit(&c->part->second_test_ns, en ? en->due_ns : 0, memory_order_relaxed);
}

void cookies_flush(struct cookies *c, uint64_t now_ns)
{
	for (int state = ENTRY_NONE + 1; state < ENTRY_DONE; state++) {
		struct entry *en;

		while ((en = entry_cache_first(&c->cache, (enum entry_state)state))) {
			bool sound = state != ENTRY_SWEEP || (is_swept(c, en, now_ns)
							&& is_proven(c, en));

			take_step(c, en, sound ? ENTRY_ON_FLUSH : ENTRY_ON_UNPROVEN, now_ns);
		}
	}
}
