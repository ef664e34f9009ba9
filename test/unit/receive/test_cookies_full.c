/* cookies where the ring or the table is full, and at the end of a scan. */
#include "unit.h"

#include "cookies_rig.h"

/* ---- rings and tables that are full -------------------------------------------------------- */

START_TEST(ring_full_asks_later)
{
	struct syn syn;
	uint64_t next = 0;

	begin_with(&(struct core_setup){ .ring = 2 });
	for (uint64_t k = 0; k < 7; k++)
		first_answer(k, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 2);
	while (next < 7) {
		elapse(CORE_TIMEOUT_NS - 1);
		ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), next < 6 ? 2 : 1);
		data_is_sent(next, 0, &syn);
		ck_assert(data_answer(next, 0, &syn, SYNACK(OPTS_NONE, 0)));
		next++;
		ck_assert_uint_eq(n_done, next);
		last_flow(2, 1);
	}
	elapse(CORE_TIMEOUT_NS);
	nothing_is_asked();
	end();
}
END_TEST

/* Position 5 takes all the room of a ring of 2. */
static void fill_ring(void)
{
	struct followup f = { .x = order_target(&core.s.facts.order, 5),
			      .slot = core.s.facts.slots - 1 };

	while (ring_push(&core.s.senders[0].followups, &f))
		;
}

static void empty_ring(void)
{
	struct followup f;

	while (ring_pop(&core.s.senders[0].followups, &f))
		ck_assert_uint_eq(f.slot, core.s.facts.slots - 1);
}

/* No room for the second or the third attempt: nothing is forgotten, and nothing confused. */
START_TEST(ring_full_at_a_retry)
{
	unsigned int n = (unsigned int)_i;		/* attempts sent before */
	struct syn syns[3], late;
	uint64_t sent_ns[3];

	begin_with(&(struct core_setup){ .ring = 2 });
	send_data(n, syns, sent_ns);
	fill_ring();
	elapse(CORE_TIMEOUT_NS);
	elapse(CORE_TIMEOUT_NS);
	empty_ring();
	ck_assert_uint_eq(n_done, 0);
	elapse(1);
	data_is_sent(3, (uint8_t)n, &late);
	elapse(CORE_RTT_NS);
	data_accepted_by(3, (uint8_t)(n - 1), &syns[n - 1]);
	check_flow(last_flow(2, n + 1), (uint8_t)(n - 1), &syns[n - 1], sent_ns[n - 1]);
	end();
}
END_TEST

/* Meanwhile an answer comes, to the first of n attempts. */
START_TEST(ring_full_and_an_answer)
{
	unsigned int n = (unsigned int)_i;
	struct syn syns[3];
	uint64_t sent_ns[3];

	begin_with(&(struct core_setup){ .ring = 2 });
	send_data(n, syns, sent_ns);
	fill_ring();
	elapse(CORE_TIMEOUT_NS);
	data_accepted_by(3, 0, &syns[0]);
	ck_assert_uint_eq(n_done, 1);
	check_flow(last_flow(2, n), 0, &syns[0], sent_ns[0]);
	empty_ring();
	elapse(CORE_TIMEOUT_NS);
	nothing_is_asked();
	end();
}
END_TEST

static bool half_full(void)
{
	return atomic_load(&core.s.rx.cache_half_full);
}

/* Half full, the sweep is told to pause; full, a target is refused; then there is room again. */
START_TEST(table_full)
{
	struct syn syn;

	begin_with(&(struct core_setup){ .slots = 8 });
	for (uint64_t k = 0; k < 8; k++) {
		ck_assert_int_eq(half_full(), k >= 4);
		ck_assert_ptr_nonnull(first_answer(k, SYNACK(OPTS_COOKIE, 0)));
		ck_assert_uint_eq(atomic_load(&core.s.rx.pending), k + 1);
	}
	ck_assert_ptr_null(first_answer(8, SYNACK(OPTS_COOKIE, 0)));
	ck_assert_uint_eq(atomic_load(&core.s.rx.pending), 8);
	ck_assert_ptr_null(cookies_find(&cache, 8));
	elapse(PLAN_GAP_NS);
	for (uint64_t k = 0; k < 5; k++) {
		ck_assert(half_full());
		data_is_sent(k, 0, &syn);
		ck_assert(data_answer(k, 0, &syn, SYNACK(OPTS_NONE, 0)));
		ck_assert_uint_eq(atomic_load(&core.s.rx.pending), 7 - k);
	}
	ck_assert(!half_full());
	ck_assert_ptr_nonnull(first_answer(9, SYNACK(OPTS_COOKIE, 0)));
	ck_assert_ptr_nonnull(cookies_find(&cache, 9));
	ck_assert(half_full());
	cookies_flush(&cache, core.now_ns);
	ck_assert_uint_eq(n_done, 9);
	ck_assert_uint_eq(atomic_load(&core.s.rx.pending), 0);
	ck_assert(!half_full());
	ck_assert_uint_eq(stat_get(&core.s.rx.stats, STAT_table_peak), 8);
	end();
}
END_TEST

/* A slot that is in the ring belongs to its target until the send thread took it. */
START_TEST(slots_in_the_ring_are_kept)
{
	struct syn syns[4], late;
	struct followup f;

	begin_with(&(struct core_setup){ .slots = 4 });
	for (uint64_t k = 0; k < 4; k++)
		first_answer(k, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	for (uint64_t k = 0; k < 4; k++)
		data_is_sent(k, 0, &syns[k]);
	elapse(CORE_TIMEOUT_NS);
	for (uint64_t k = 0; k < 4; k++)
		ck_assert(data_answer(k, 0, &syns[k], SYNACK(OPTS_NONE, 0)));
	ck_assert_ptr_null(first_answer(9, SYNACK(OPTS_COOKIE, 0)));
	for (uint64_t k = 0; k < 4; k++) {
		ck_assert(core_send_followup(&core, &f, &late));
		ck_assert_uint_eq(cache.cache.v[f.slot].k, k);
	}
	elapse(0);
	ck_assert_uint_eq(n_done, 4);
	ck_assert_ptr_nonnull(first_answer(10, SYNACK(OPTS_COOKIE, 0)));
	end();
}
END_TEST

/* ---- targets that have their row ----------------------------------------------------------- */

/* They stay for a while, so that what comes again is known: SYN/ACKs are repeated up to 7 s. */
START_TEST(kept_for_repeats)
{
	uint64_t at_ns;
	struct syn syn;

	begin();
	first_answer(3, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	data_is_sent(3, 0, &syn);
	ck_assert(data_answer(3, 0, &syn, SYNACK(OPTS_NONE, 0)));
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(cookies_pending(&cache), 0);
	ck_assert_uint_eq(atomic_load(&core.s.rx.pending), 0);
	elapse(7500000000);
	ck_assert_ptr_nonnull(cookies_find(&cache, 3));
	ck_assert_ptr_nonnull(sent_flow(cookies_find(&cache, 3), &core.s.facts.plan, PROBE_DATA, 0,
					&at_ns));
	ck_assert_ptr_null(sent_flow(cookies_find(&cache, 3), &core.s.facts.plan, PROBE_DATA, 1,
				     &at_ns));
	/* An answer that comes now has no consequence. */
	ck_assert(data_answer(3, 0, &syn, SYNACK(OPTS_OTHER, 0)));
	elapse(60000000000);
	ck_assert_ptr_null(cookies_find(&cache, 3));
	nothing_is_asked();
	ck_assert_uint_eq(n_done, 1);
	end();
}
END_TEST

/* However many have their row: they are few beside those that have none, and give way to them. */
START_TEST(kept_give_way)
{
	begin_with(&(struct core_setup){ .slots = 64 });
	for (uint64_t k = 0; k < 100; k++) {
		first_answer(k, SYNACK(OPTS_NONE, 0));
		ck_assert_uint_eq(n_done, k + 1);
		ck_assert_uint_eq(cookies_pending(&cache), 0);
		ck_assert(!half_full());
		ck_assert_uint_le(cache.cache.table.n, 32);
	}
	ck_assert_ptr_nonnull(cookies_find(&cache, 99));
	for (uint64_t k = 100; k < 164; k++)
		ck_assert_ptr_nonnull(first_answer(k, SYNACK(OPTS_COOKIE, 0)));
	ck_assert_uint_eq(cookies_pending(&cache), 64);
	ck_assert_ptr_null(cookies_find(&cache, 99));
	ck_assert_ptr_null(first_answer(164, SYNACK(OPTS_COOKIE, 0)));
	ck_assert_uint_eq(n_done, 100);
	cookies_flush(&cache, core.now_ns);
	ck_assert_uint_eq(n_done, 164);
	end();
}
END_TEST

/* ---- the end ------------------------------------------------------------------------------- */

static uint64_t unfinished(void)
{
	return stat_get(&core.s.rx.stats, STAT_unfinished);
}

static void stop(void)
{
	atomic_store(&core.s.control.stop, STOP_SENDING);
}

START_TEST(stop_asks_no_more)
{
	struct syn syn;
	uint64_t sent_ns;

	begin();
	send_data(1, &syn, &sent_ns);
	first_answer(4, SYNACK(OPTS_COOKIE, 0));
	stop();
	elapse(PLAN_GAP_NS);
	nothing_is_asked();
	ck_assert_uint_eq(n_done, 0);
	elapse(CORE_TIMEOUT_NS);		/* silent, and not asked again: not known */
	nothing_is_asked();
	ck_assert_uint_eq(n_done, 0);
	ck_assert_uint_eq(unfinished(), 1);
	ck_assert_uint_eq(cookies_pending(&cache), 1);
	/* It is no new target that answers now. */
	ck_assert(data_answer(3, 0, &syn, SYNACK(OPTS_NONE, CORE_DLEN)));
	ck_assert_uint_eq(n_done, 0);
	cookies_flush(&cache, core.now_ns);
	ck_assert_uint_eq(n_done, 1);
	ck_assert_uint_eq(done[0].k, 4);
	last_flow(1, 1);
	ck_assert_uint_eq(unfinished(), 1);
	end();
}
END_TEST

/*
 * Whatever an entry waits for: a row only of what is known for good, with the SYNs that were sent
 * and no others. What had not its time-out, or not all its tries, proves nothing.
 */
START_TEST(flush_writes_what_is_known)
{
	static const bool known[] = { false, false, true, true, false, false, true };
	bool seen[7] = { false };
	struct syn syn;

	begin();
	/* 0: data sent once, and again in the ring; 1: sent twice. */
	for (uint64_t k = 0; k < 2; k++)
		first_answer(k, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	data_is_sent(0, 0, &syn);
	data_is_sent(1, 0, &syn);
	elapse(CORE_TIMEOUT_NS);
	data_is_sent(0, 1, &syn);
	data_is_sent(1, 1, &syn);
	/* As if it was still in the ring. */
	atomic_store(&core.s.stamps[cookies_find(&cache, 0) - cache.cache.v], 0);
	/* 6: data taken; 5: reset, lingers; 2: in the ring; 3: in the gap; 4: request reset. */
	first_answer(6, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	data_is_sent(6, 0, &syn);
	ck_assert(data_answer(6, 0, &syn, SYNACK(OPTS_NONE, CORE_DLEN)));
	first_answer(5, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	data_is_sent(5, 0, &syn);
	ck_assert(data_answer(5, 0, &syn, RESET(0)));
	first_answer(2, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	first_answer(3, SYNACK(OPTS_COOKIE, 0));
	first_answer(4, RESET(0));
	ck_assert_uint_eq(n_done, 0);
	stop();
	cookies_flush(&cache, core.now_ns);
	for (unsigned int i = 0; i < n_done; i++) {
		const struct entry *en = &done[i];

		ck_assert_uint_lt(en->k, 7);
		seen[en->k] = true;
		ck_assert_uint_eq(en->nflows, en->k == 6 ? 2 : 1);
		ck_assert_uint_eq(en->flows[en->nflows - 1].sent, 1);
	}
	ck_assert_uint_eq(n_done, 3);
	for (unsigned int k = 0; k < 7; k++)
		ck_assert_int_eq(seen[k], known[k]);
	ck_assert_uint_eq(unfinished(), 4);
	ck_assert_uint_eq(atomic_load(&core.s.rx.pending), 0);
	end();
}
END_TEST

/* What is silent is so by what was read of the capture, however late it is by the clock. */
START_TEST(silent_by_what_was_read)
{
	uint64_t sent_ns[3];
	struct syn syns[3];

	begin();
	send_data(3, syns, sent_ns);
	core.now_ns += 2 * CORE_TIMEOUT_NS;
	cookies_tick(&cache, core.now_ns, sent_ns[2] + CORE_TIMEOUT_NS - 1);
	ck_assert_uint_eq(n_done, 0);
	cookies_tick(&cache, core.now_ns, sent_ns[2] + CORE_TIMEOUT_NS);
	last_flow(2, 3);
	end();
}
END_TEST

/* ---- reading a capture: the file shows what was sent --------------------------------------- */

START_TEST(seen_leaving)
{
	struct followup f;
	struct entry *en;
	struct syn syn;

	begin();
	en = first_answer(3, SYNACK(OPTS_COOKIE, 0));
	core.now_ns += PLAN_GAP_NS / 2;	/* before the gap is over by this clock */
	cookies_sent(&cache, en, core.now_ns);
	ck_assert(ring_pop(&core.s.senders[0].followups, &f));
	ck_assert_uint_eq(f.attempt, 0);
	ck_assert_uint_eq(atomic_load(&core.s.stamps[f.slot]), core.now_ns);
	core_craft(&core, f.x, f.source, f.kind, f.attempt, &f.cookie, &syn);
	elapse(CORE_TIMEOUT_NS);
	ck_assert(ring_pop(&core.s.senders[0].followups, &f));
	ck_assert_uint_eq(f.attempt, 1);
	cookies_sent(&cache, en, core.now_ns);
	elapse(CORE_RTT_NS);
	data_accepted_by(3, 0, &syn);
	last_flow(2, 2);
	end();
}
END_TEST

UNIT_SUITE(cookies_full)
{
	TCase *tcase = unit_case(suite, "full", ring_full_asks_later, table_full,
				 slots_in_the_ring_are_kept);

	tcase_add_loop_test(tcase, ring_full_at_a_retry, 1, 3);
	tcase_add_loop_test(tcase, ring_full_and_an_answer, 1, 3);
	unit_case(suite, "kept", kept_for_repeats, kept_give_way);
	unit_case(suite, "end", stop_asks_no_more, flush_writes_what_is_known);
	unit_case(suite, "silent", silent_by_what_was_read);
	unit_case(suite, "capture", seen_leaving);
}
