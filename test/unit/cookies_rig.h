/* A cookie cache without its threads: the test sends, answers, and lets time pass. */
#ifndef UNIT_COOKIES_RIG_H
#define UNIT_COOKIES_RIG_H

#include "receive/sent.h"
#include "rig.h"

#define DONE_MAX 512

/* The cookie cache, and the targets that left it, as they left. */
static struct core core;
static struct cookies cache;
static struct entry done[DONE_MAX];
static unsigned int n_done;

static inline void on_done(void *arg, const struct entry *en)
{
	ck_assert_ptr_eq(arg, &core);
	ck_assert_uint_lt(n_done, DONE_MAX);
	done[n_done++] = *en;
}

static inline void begin_with(const struct core_setup *o)
{
	struct err e = { "" };

	n_done = 0;
	core_init(&core, o);
	ck_assert_msg(cookies_init(&cache, &core.s, on_done, &core, &e) == 0, "%s", e.msg);
}

static inline void begin(void)
{
	begin_with(&(struct core_setup){ .retries = 0 });
}

static inline void end(void)
{
	cookies_free(&cache);
	core_free(&core);
}

/* Lets time pass, and the cache see it. */
static inline void elapse(uint64_t ns)
{
	core.now_ns += ns;
	cookies_tick(&cache, core.now_ns, core.now_ns);
}

/* The reply that spec makes to syn, as it is kept. */
static inline struct reply reply_to(const struct syn *syn, const struct answer_spec *spec)
{
	uint8_t bytes[WIRE_MAX];
	struct arrival a;
	struct packet p;
	struct reply r;

	ck_assert(core_recognise(&core, bytes, core_answer(syn, spec, bytes), &p, &a));
	evidence_reply(&r, &p, a.m.acked, core.now_ns);
	return r;
}

/*
 * Position k's request is sent and answered: a new entry, which may have gone again. NULL: no room.
 */
static inline struct entry *first_answer(uint64_t k, const struct answer_spec *spec)
{
	uint64_t x = order_target(&core.s.facts.order, k);
	struct target t = targets_at(core.targets, x);
	struct entry *en;
	struct syn syn;
	struct flow f;

	core_send(&core, k, 0, &syn);
	f = (struct flow){
		.kind = PROBE_REQUEST, .sent = 1, .synkind = TFO_KIND, .sport = syn.p.tcp.sport,
		.seq = syn.p.tcp.seq, .sent_ns = core.now_ns,
	};
	core.now_ns += CORE_RTT_NS;
	f.reply = reply_to(&syn, spec);
	en = cookies_add(&cache, k, x, &t, syn.p.tcp.src, &f, false);
	if (en)
		cookies_answered(&cache, en, core.now_ns);
	return en;
}

/* The next follow-up goes out; it has to be attempt `attempt` of `data` to position k. */
static inline void data_is_sent(uint64_t k, uint8_t attempt, struct syn *syn)
{
	struct followup f;

	ck_assert(core_send_followup(&core, &f, syn));
	ck_assert_uint_eq(f.x, order_target(&core.s.facts.order, k));
	ck_assert_uint_eq(f.kind, PROBE_DATA);
	ck_assert_uint_eq(f.attempt, attempt);
}

static inline void nothing_is_asked(void)
{
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 0);
}

/* syn, attempt `attempt` of `data` to position k, is answered. False: it was not sent. */
static inline bool data_answer(uint64_t k, uint8_t attempt, const struct syn *syn,
			       const struct answer_spec *spec)
{
	struct entry *en = cookies_find(&cache, k);
	uint64_t sent_ns;
	struct flow *f;

	ck_assert_ptr_nonnull(en);
	f = sent_flow(en, &core.s.facts.plan, PROBE_DATA, attempt, &sent_ns);
	if (!f)
		return false;
	f->reply = reply_to(syn, spec);
	f->attempt = attempt;
	f->seq = syn->p.tcp.seq;
	f->sport = syn->p.tcp.sport;
	f->sent_ns = sent_ns;
	cookies_answered(&cache, en, core.now_ns);
	return true;
}

/* The same for an answer that took data: its row comes after what the server says to it. */
static inline void data_accepted_by(uint64_t k, uint8_t attempt, const struct syn *syn)
{
	unsigned int before = n_done;

	ck_assert(data_answer(k, attempt, syn, SYNACK(OPTS_NONE, CORE_DLEN)));
	ck_assert_uint_eq(n_done, before);
	elapse(PLAN_TEARDOWN_DELAY_NS);
}

/* The last target that left: what of its newest flow? */
static inline const struct flow *last_flow(unsigned int nflows, unsigned int sent)
{
	const struct entry *en = &done[n_done - 1];

	ck_assert_uint_gt(n_done, 0);
	ck_assert_uint_eq(en->nflows, nflows);
	ck_assert_uint_eq(en->flows[nflows - 1].sent, sent);
	return &en->flows[nflows - 1];
}

/* The flow is that of syn, attempt `attempt`, sent at sent_ns; its answer is to that very SYN. */
static inline void check_flow(const struct flow *f, uint8_t attempt, const struct syn *syn,
			      uint64_t sent_ns)
{
	ck_assert_uint_eq(f->attempt, attempt);
	ck_assert_uint_eq(f->seq, syn->p.tcp.seq);
	ck_assert_uint_eq(f->sport, syn->p.tcp.sport);
	ck_assert_uint_eq(f->sent_ns, sent_ns);
	if (f->reply.class != REPLY_NONE)
		ck_assert_uint_eq(f->reply.ack - f->seq - 1, f->reply.acked);
}

/* Attempts 0..n-1 of `data` go to position 3, a time-out apart; syns and times as they left. */
static inline void send_data(unsigned int n, struct syn *syns, uint64_t *sent_ns)
{
	first_answer(3, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			elapse(CORE_TIMEOUT_NS);
		core.now_ns += 1000 + i;
		sent_ns[i] = core.now_ns;
		data_is_sent(3, (uint8_t)i, &syns[i]);
	}
}

#endif
