#include "unit.h"

#include "cookies_rig.h"

/* ---- one target ---------------------------------------------------------------------------- */

START_TEST(without_cookie_it_leaves_at_once)
{
	begin();
	first_answer(3, SYNACK(OPTS_NONE, 0));
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(done[0].k, 3);
	last_flow(1, 1);
	ck_assert_uint_eq(cookies_pending(&cache), 0);
	elapse(1000 * PLAN_GAP_NS);
	nothing_is_asked();
	ck_assert_uint_eq(n_done, 1);
	end();
}
END_TEST

START_TEST(with_cookie_data_after_the_gap)
{
	struct entry *en;
	struct followup f;

	begin();
	en = first_answer(3, SYNACK(OPTS_COOKIE, 0));
	ck_assert_ptr_eq(cookies_find(&cache, 3), en);
	elapse(PLAN_GAP_NS - 1);
	nothing_is_asked();
	elapse(1);
	elapse(0);
	elapse(CORE_TIMEOUT_NS * 100);	/* in the ring, it has not been sent: no time-out */
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 1);
	ck_assert(ring_pop(&core.s.senders[0].followups, &f));
	ck_assert_uint_eq(f.x, order_target(&core.s.facts.order, 3));
	ck_assert(addr_eq(f.target.ip, targets_at(core.targets, f.x).ip));
	ck_assert_uint_eq(f.target.port, 443);
	ck_assert(addr_eq(f.source, core.s.facts.sources[0][0].addr));
	ck_assert_uint_eq(f.kind, PROBE_DATA);
	ck_assert_uint_eq(f.attempt, 0);
	ck_assert_uint_eq(f.cookie.kind, 34);
	ck_assert_uint_eq(f.cookie.len, 8);
	ck_assert_mem_eq(f.cookie.cookie, "\x30\x21\xb9\xd8\x89\x01\x7e\xeb", 8);
	ck_assert_uint_eq(atomic_load(&core.s.stamps[f.slot]), 0);
	ck_assert_uint_eq(n_done, 0);
	end();
}
END_TEST

START_TEST(data_accepted)
{
	const struct flow *f;
	struct syn syn;
	uint64_t sent_ns;

	begin();
	first_answer(3, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	core.now_ns += 12345;
	sent_ns = core.now_ns;
	data_is_sent(3, 0, &syn);
	ck_assert_uint_eq(syn.p.tcp.payload_len, CORE_DLEN);
	elapse(CORE_RTT_NS);
	data_accepted_by(3, 0, &syn);
	ck_assert_uint_eq(n_done, 1);
	f = last_flow(2, 1);
	ck_assert_uint_eq(f->kind, PROBE_DATA);
	ck_assert_uint_eq(f->attempt, 0);
	ck_assert_uint_eq(f->sent_ns, sent_ns);
	ck_assert_uint_eq(f->dlen, CORE_DLEN);
	ck_assert_uint_eq(f->seq, syn.p.tcp.seq);
	ck_assert_uint_eq(f->sport, syn.p.tcp.sport);
	ck_assert_uint_eq(f->synkind, 34);
	ck_assert_uint_eq(f->synlen, 8);
	ck_assert_mem_eq(f->syncookie, "\x30\x21\xb9\xd8\x89\x01\x7e\xeb", 8);
	ck_assert_uint_eq(cookies_pending(&cache), 0);
	end();
}
END_TEST

/* What the server says to the data comes behind the SYN/ACK: the row waits for it. */
START_TEST(accepted_settles)
{
	static const uint32_t acked[] = { 1, CORE_DLEN };
	struct syn syn;

	begin();
	for (uint64_t k = 0; k < 2; k++) {
		first_answer(k, SYNACK(OPTS_COOKIE, 0));
		elapse(PLAN_GAP_NS);
		data_is_sent(k, 0, &syn);
		ck_assert(data_answer(k, 0, &syn, SYNACK(OPTS_NONE, acked[k])));
		elapse(PLAN_TEARDOWN_DELAY_NS - 1);
		ck_assert_uint_eq(n_done, k);
		ck_assert_uint_eq(cookies_pending(&cache), 1);
		elapse(1);
		ck_assert_uint_eq(n_done, k + 1);
		ck_assert_uint_eq(cookies_pending(&cache), 0);
	}
	elapse(10 * CORE_TIMEOUT_NS);
	ck_assert_uint_eq(n_done, 2);
	nothing_is_asked();
	end();
}
END_TEST

/* For each number of retries: 3 times at least, each a time-out after the last was sent. */
START_TEST(silent_data_is_asked_again)
{
	unsigned int n = _i < 2 ? 3 : (unsigned int)_i + 1;
	const struct flow *f;
	uint64_t first_ns = 0;
	struct syn syn, first;

	begin_with(&(struct core_setup){ .retries = (unsigned int)_i });
	first_answer(3, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	for (unsigned int i = 0; i < n; i++) {
		ck_assert_uint_eq(n_done, 0);
		elapse(i * 1000);		/* it waits in the ring */
		data_is_sent(3, (uint8_t)i, &syn);
		if (i == 0) {
			first = syn;
			first_ns = core.now_ns;
		}
		elapse(CORE_TIMEOUT_NS - 1);
		nothing_is_asked();
		elapse(1);
	}
	nothing_is_asked();
	ck_assert_uint_eq(n_done, 1);
	f = last_flow(2, n);
	ck_assert_uint_eq(f->reply.class, REPLY_NONE);
	ck_assert_uint_eq(f->attempt, 0);
	ck_assert_uint_eq(f->seq, first.p.tcp.seq);
	ck_assert_uint_eq(f->sent_ns, first_ns);
	end();
}
END_TEST

START_TEST(refused_for_another_cookie)
{
	struct followup f;
	struct syn syn;

	begin();
	first_answer(3, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	data_is_sent(3, 0, &syn);
	elapse(CORE_RTT_NS);
	ck_assert(data_answer(3, 0, &syn, SYNACK(OPTS_OTHER, 0)));
	ck_assert_uint_eq(n_done, 0);
	elapse(PLAN_GAP_NS - 1);
	nothing_is_asked();
	elapse(1);
	ck_assert(core_send_followup(&core, &f, &syn));
	ck_assert_uint_eq(f.attempt, 3);
	elapse(CORE_RTT_NS);
	/* A third cookie is not tried. */
	ck_assert(data_answer(3, 3, &syn, SYNACK(OPTS_THIRD, 0)));
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(last_flow(3, 1)->attempt, 3);
	ck_assert_uint_eq(done[0].flows[1].attempt, 0);
	ck_assert_uint_eq(done[0].flows[1].sent, 1);
	ck_assert_mem_eq(done[0].flows[2].syncookie, "\xaa\xbb\xcc\xdd\xee\xff\x00\x11", 8);
	end();
}
END_TEST

/* The second flow, too, is asked three times. */
START_TEST(refused_then_silent)
{
	struct syn syn;

	begin();
	first_answer(3, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	data_is_sent(3, 0, &syn);
	ck_assert(data_answer(3, 0, &syn, SYNACK(OPTS_OTHER, 0)));
	elapse(PLAN_GAP_NS);
	for (uint8_t i = 3; i < 6; i++) {
		data_is_sent(3, i, &syn);
		elapse(CORE_TIMEOUT_NS);
	}
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(last_flow(3, 3)->reply.class, REPLY_NONE);
	end();
}
END_TEST

/* ---- RST first ----------------------------------------------------------------------------- */

START_TEST(reset_lingers)
{
	begin();
	first_answer(3, RESET(0));
	elapse(PLAN_LINGER_NS - 1);
	ck_assert_uint_eq(n_done, 0);
	elapse(1);
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(last_flow(1, 1)->reply.class, REPLY_RST);
	nothing_is_asked();
	end();
}
END_TEST

START_TEST(synack_after_a_reset_wins)
{
	struct entry *en;
	struct flow *f;
	struct syn syn;

	begin();
	en = first_answer(3, RESET(0));
	core_craft(&core, en->x, en->source, PROBE_REQUEST, 0, NULL, &syn);
	elapse(PLAN_LINGER_NS - 1);
	f = sent_flow(en, &core.s.facts.plan, PROBE_REQUEST, 0, &(uint64_t){ 0 });
	ck_assert_ptr_eq(f, &en->flows[0]);
	ck_assert_uint_ne(f->sent_ns, 0);
	f->reply = reply_to(&syn, SYNACK(OPTS_COOKIE, 0));
	cookies_answered(&cache, en, core.now_ns);
	elapse(PLAN_GAP_NS);
	ck_assert_uint_eq(n_done, 0);
	data_is_sent(3, 0, &syn);
	end();
}
END_TEST

START_TEST(synack_after_a_reset_of_data_wins)
{
	struct syn syn;
	uint64_t sent_ns;

	begin();
	first_answer(3, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	sent_ns = core.now_ns;
	data_is_sent(3, 0, &syn);
	elapse(CORE_RTT_NS);
	ck_assert(data_answer(3, 0, &syn, RESET(0)));
	elapse(PLAN_LINGER_NS - 1);
	ck_assert_uint_eq(n_done, 0);
	nothing_is_asked();
	data_accepted_by(3, 0, &syn);
	ck_assert_uint_eq(n_done, 1);
	check_flow(last_flow(2, 1), 0, &syn, sent_ns);
	ck_assert_uint_eq(last_flow(2, 1)->reply.class, REPLY_SYNACK);
	end();
}
END_TEST

START_TEST(reset_of_data_is_not_asked_again)
{
	struct syn syn;

	begin();
	first_answer(3, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	data_is_sent(3, 0, &syn);
	elapse(CORE_RTT_NS);
	ck_assert(data_answer(3, 0, &syn, RESET(CORE_DLEN)));
	for (int i = 0; i < 10; i++)
		elapse(CORE_TIMEOUT_NS);
	nothing_is_asked();
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(last_flow(2, 1)->reply.class, REPLY_RST);
	end();
}
END_TEST

/* ---- answers to older attempts ------------------------------------------------------------- */

/* Answered after a newer one was sent: of two and of three attempts, each. */
START_TEST(older_attempt_newer_sent)
{
	static const unsigned int of[][2] = { { 0, 2 }, { 1, 2 }, { 0, 3 }, { 1, 3 }, { 2, 3 } };
	unsigned int which = of[_i][0], n = of[_i][1];
	struct syn syns[3];
	uint64_t sent_ns[3];

	begin();
	send_data(n, syns, sent_ns);
	elapse(CORE_RTT_NS);
	data_accepted_by(3, (uint8_t)which, &syns[which]);
	ck_assert_uint_eq(n_done, 1);
	check_flow(last_flow(2, n), (uint8_t)which, &syns[which], sent_ns[which]);
	end();
}
END_TEST

/*
 * Answered while a newer one is in the ring: the target stays until that was sent, which may
 * take long, and counts it.
 */
START_TEST(older_attempt_newer_in_the_ring)
{
	unsigned int n = (unsigned int)_i;		/* attempts sent before */
	struct syn syns[3], late;
	uint64_t sent_ns[3];

	begin();
	send_data(n, syns, sent_ns);
	elapse(CORE_TIMEOUT_NS);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 1);
	elapse(CORE_RTT_NS);
	ck_assert(data_answer(3, (uint8_t)(n - 1), &syns[n - 1], SYNACK(OPTS_NONE, CORE_DLEN)));
	elapse(CORE_TIMEOUT_NS * 10);
	ck_assert_uint_eq(n_done, 0);
	ck_assert_uint_eq(cookies_pending(&cache), 1);
	data_is_sent(3, (uint8_t)n, &late);
	elapse(1);
	elapse(PLAN_TEARDOWN_DELAY_NS);
	ck_assert_uint_eq(n_done, 1);
	check_flow(last_flow(2, n + 1), (uint8_t)(n - 1), &syns[n - 1], sent_ns[n - 1]);
	nothing_is_asked();
	end();
}
END_TEST

/* The same with a RST: a SYN/ACK may still follow when the newer one was sent. */
START_TEST(older_attempt_reset_newer_in_the_ring)
{
	struct syn syn, late;
	uint64_t sent_ns;

	begin();
	send_data(1, &syn, &sent_ns);
	elapse(CORE_TIMEOUT_NS);
	ck_assert(data_answer(3, 0, &syn, RESET(0)));
	elapse(CORE_TIMEOUT_NS * 10);
	ck_assert_uint_eq(n_done, 0);
	sent_ns = core.now_ns;
	data_is_sent(3, 1, &late);
	elapse(PLAN_LINGER_NS - 1);
	ck_assert_uint_eq(n_done, 0);
	data_accepted_by(3, 1, &late);
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(last_flow(2, 2)->reply.class, REPLY_SYNACK);
	ck_assert_uint_eq(last_flow(2, 2)->seq, late.p.tcp.seq);
	/* Not known, or right: never another attempt's. */
	ck_assert(last_flow(2, 2)->sent_ns == 0 || last_flow(2, 2)->sent_ns == sent_ns);
	nothing_is_asked();
	end();
}
END_TEST

/* A refusal that answers an older attempt: the new cookie goes only after what is in the ring. */
START_TEST(older_attempt_refused_newer_in_the_ring)
{
	struct syn syn, late;
	uint64_t sent_ns;

	begin();
	send_data(1, &syn, &sent_ns);
	elapse(CORE_TIMEOUT_NS);
	ck_assert(data_answer(3, 0, &syn, SYNACK(OPTS_OTHER, 0)));
	elapse(CORE_TIMEOUT_NS);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 1);
	data_is_sent(3, 1, &late);
	elapse(0);
	elapse(PLAN_GAP_NS);
	data_is_sent(3, 3, &late);
	data_accepted_by(3, 3, &late);
	ck_assert_uint_eq(n_done, 1);
	last_flow(3, 1);
	ck_assert_uint_eq(done[0].flows[1].sent, 2);
	end();
}
END_TEST

START_TEST(what_was_not_sent_is_not_answered)
{
	uint64_t at_ns;
	struct syn syn;
	uint64_t sent_ns;
	struct entry *en;

	begin();
	en = first_answer(3, SYNACK(OPTS_COOKIE, 0));
	ck_assert_ptr_null(sent_flow(en, &core.s.facts.plan, PROBE_DATA, 0, &at_ns));
	ck_assert_ptr_null(sent_flow(en, &core.s.facts.plan, PROBE_REQUEST, 1, &at_ns));
	elapse(PLAN_GAP_NS);
	/* In the ring. */
	ck_assert_ptr_null(sent_flow(en, &core.s.facts.plan, PROBE_DATA, 0, &at_ns));
	sent_ns = core.now_ns;
	data_is_sent(3, 0, &syn);
	for (uint8_t attempt = 1; attempt < 6; attempt++)
		ck_assert_ptr_null(sent_flow(en, &core.s.facts.plan, PROBE_DATA, attempt, &at_ns));
	ck_assert_ptr_null(sent_flow(en, &core.s.facts.plan, PROBE_SYN, 0, &at_ns));
	elapse(CORE_TIMEOUT_NS);
	ck_assert_ptr_null(sent_flow(en, &core.s.facts.plan, PROBE_DATA, 1, &at_ns));
	/* None of this left a trace. */
	ck_assert(data_answer(3, 0, &syn, SYNACK(OPTS_NONE, 0)));
	data_is_sent(3, 1, &syn);
	elapse(0);
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(last_flow(2, 2)->sent_ns, sent_ns);
	end();
}
END_TEST

UNIT_SUITE(cookies)
{
	TCase *tcase = unit_case(suite, "one target", without_cookie_it_leaves_at_once,
				 with_cookie_data_after_the_gap, data_accepted, accepted_settles,
				 refused_for_another_cookie, refused_then_silent);

	tcase_add_loop_test(tcase, silent_data_is_asked_again, 0, 7);
	unit_case(suite, "resets", reset_lingers, synack_after_a_reset_wins,
		  synack_after_a_reset_of_data_wins, reset_of_data_is_not_asked_again);
	tcase = unit_case(suite, "older attempts", older_attempt_reset_newer_in_the_ring,
			  older_attempt_refused_newer_in_the_ring,
			  what_was_not_sent_is_not_answered);
	tcase_add_loop_test(tcase, older_attempt_newer_sent, 0, 5);
	tcase_add_loop_test(tcase, older_attempt_newer_in_the_ring, 1, 3);
}
