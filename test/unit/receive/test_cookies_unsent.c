/* The cookie cache, and what the send thread could not send: no verdict comes of that. */
#include "unit.h"

#include "cookies_rig.h"
#include "verdict.h"

static uint64_t unfinished(void)
{
	return stat_get(&core.s.rx.stats, STAT_unfinished);
}

/* Data to position 3 is due, and taken from the ring; its stamp. */
static _Atomic uint64_t *data_is_taken(struct syn *syn)
{
	struct followup f;

	ck_assert(core_send_followup(&core, &f, syn));
	atomic_store(&core.s.stamps[f.slot], 0);
	return &core.s.stamps[f.slot];
}

static void begin_asked(void)
{
	begin();
	ck_assert_ptr_nonnull(first_answer(3, SYNACK(OPTS_COOKIE, 0)));
	elapse(PLAN_GAP_NS);
}

static void check_cookie_only(void)
{
	struct evidence ev = entry_evidence(&done[0]);

	ck_assert_uint_eq(n_done, 1);
	ck_assert_int_eq(verdict_decide(&ev), VERDICT_COOKIE_ONLY);
	ck_assert_uint_eq(evidence_probes(&ev), 1);
	ck_assert_uint_eq(unfinished(), 0);
}

START_TEST(given_up_is_not_sent)
{
	struct syn syn;

	begin_asked();
	atomic_store(data_is_taken(&syn), STAMP_NOT_SENT);
	elapse(0);
	check_cookie_only();
	ck_assert_uint_eq(cookies_pending(&cache), 0);
	nothing_is_asked();
	end();
}
END_TEST

/* Silent before, and then not sent: that is less than was to be known. */
START_TEST(given_up_after_silence)
{
	struct syn syn;

	begin_asked();
	data_is_sent(3, 0, &syn);
	elapse(CORE_TIMEOUT_NS);
	atomic_store(data_is_taken(&syn), STAMP_NOT_SENT);
	elapse(0);
	ck_assert_uint_eq(n_done, 0);
	ck_assert_uint_eq(unfinished(), 1);
	end();
}
END_TEST

/* The attempt before is answered meanwhile. */
START_TEST(given_up_and_answered)
{
	struct syn first, second;
	_Atomic uint64_t *stamp;

	begin_asked();
	data_is_sent(3, 0, &first);
	elapse(CORE_TIMEOUT_NS);
	stamp = data_is_taken(&second);
	ck_assert(data_answer(3, 0, &first, SYNACK(OPTS_NONE, 0)));
	atomic_store(stamp, STAMP_NOT_SENT);
	ck_assert(!data_answer(3, 1, &second, SYNACK(OPTS_NONE, 0)));
	elapse(0);
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(done[0].flows[1].sent, 1);
	ck_assert_uint_eq(unfinished(), 0);
	end();
}
END_TEST

/* In the engine's hands: it can be answered, but its slot is not free. */
START_TEST(leaving_is_answered)
{
	_Atomic uint64_t *stamp;
	struct syn syn;
	uint64_t sent_ns;

	begin_asked();
	stamp = data_is_taken(&syn);
	sent_ns = core.now_ns;
	atomic_store(stamp, sent_ns | STAMP_LEAVING);
	ck_assert(data_answer(3, 0, &syn, SYNACK(OPTS_NONE, 0)));
	elapse(0);
	ck_assert_uint_eq(n_done, 0);
	atomic_store(stamp, sent_ns);
	elapse(0);
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(done[0].flows[1].sent_ns, sent_ns);
	ck_assert_uint_eq(done[0].flows[1].sent, 1);
	end();
}
END_TEST

/* However long that lasts: its time-out has not begun. */
START_TEST(leaving_is_not_silent)
{
	_Atomic uint64_t *stamp;
	struct syn syn;

	begin_asked();
	stamp = data_is_taken(&syn);
	atomic_store(stamp, core.now_ns | STAMP_LEAVING);
	elapse(10 * CORE_TIMEOUT_NS);
	nothing_is_asked();
	atomic_store(stamp, core.now_ns);
	elapse(CORE_TIMEOUT_NS - 1);
	nothing_is_asked();
	elapse(1);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 1);
	end();
}
END_TEST

/* The end comes while it is there: that it was sent is not known. */
START_TEST(leaving_at_the_end)
{
	struct syn syn;

	begin_asked();
	atomic_store(data_is_taken(&syn), core.now_ns | STAMP_LEAVING);
	elapse(10 * CORE_TIMEOUT_NS);
	cookies_flush(&cache, core.now_ns);
	check_cookie_only();
	end();
}
END_TEST

/* Of two arms one is answered, and the other may not have been sent: then its silence is none. */
START_TEST(an_arm_that_was_not_sent)
{
	struct window *w = &core.s.senders[0].window;
	struct target t;
	struct syn syn;
	struct flow f;
	uint64_t x;

	begin_with(&(struct core_setup){ .plan = PLAN_PATH });
	x = order_target(&core.s.facts.order, 3);
	t = targets_at(core.targets, x);
	core_send_arm(&core, 3, 0, 0, &syn);
	f = (struct flow){
		.kind = PROBE_SYN, .sent = 1, .sport = syn.p.tcp.sport, .seq = syn.p.tcp.seq,
		.sent_ns = core.now_ns, .reply = reply_to(&syn, SYNACK(OPTS_NONE, 0)),
	};
	ck_assert_ptr_nonnull(cookies_add(&cache, 3, x, &t, syn.p.tcp.src, &f, true));
	cookies_answered(&cache, cookies_find(&cache, 3), core.now_ns);
	core_send_arm(&core, 3, 1, 0, &syn);
	if (_i)
		window_mark(w, 3, WINDOW_UNKNOWN);
	w->tail = 4;
	elapse(0);
	if (_i)
		ck_assert_uint_eq(cookies_pending(&cache), 0);
	else
		elapse(PLAN_GAP_NS);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), !_i);
	ck_assert_uint_eq(unfinished(), (uint64_t)_i);
	ck_assert_uint_eq(n_done, 0);
	end();
}
END_TEST

UNIT_SUITE(cookies_unsent)
{
	TCase *tcase = unit_case(suite, "unsent", given_up_is_not_sent, given_up_after_silence,
				 given_up_and_answered, leaving_is_answered, leaving_is_not_silent,
				 leaving_at_the_end);

	tcase_add_loop_test(tcase, an_arm_that_was_not_sent, 0, 2);
}
