/*
 * cookies: what is due when, as the answers that come and the send thread's stamps have it; where
 * the cache or the ring is full, and at the end of a scan.
 */
#include "unit.h"

#include "steps_rig.h"

#define COOKIE		REQ(3, 0), RTT, SA(0, OPTS_COOKIE, 0), GAP
#define DATA_SENT	COOKIE, DATA(3, 0)	/* SYN 1 */
#define TAKEN(syn_)	SA(syn_, OPTS_NONE, CORE_DLEN)
#define IGNORED(syn_)	SA(syn_, OPTS_NONE, 0)

/* ---- time-outs ----------------------------------------------------------------------------- */

/* For each number of retries: 3 times at least, each a time-out after the last was sent. */
TEST_TIMES(silent_data_is_asked_again, 7)
{
	unsigned int n = _i < 2 ? 3 : (unsigned int)_i + 1;
	struct followup f;
	struct syn syn;

	begin_with(&(struct core_setup){ .retries = (unsigned int)_i });
	request_answered(3, SYNACK(OPTS_COOKIE, 0), &syn);
	elapse(PLAN_GAP_NS);
	for (unsigned int i = 0; i < n; i++) {
		ck_assert_uint_eq(n_rows(), 0);
		elapse(i * 1000);		/* it waits in the ring */
		ck_assert(core_send_followup(&core, &f, &syn));
		ck_assert_uint_eq(f.attempt, i);
		elapse(CORE_TIMEOUT_NS - 1);
		ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 0);
		elapse(1);
	}
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 0);
	check_row(3, "second-blocked", n + 1);
	end();
}

/* Silent by what was read of the capture, however late it is by the clock. */
TEST(silent_by_what_was_read)
{
	const struct steps_case sent = {
		"sent", STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), TIMEOUT, DATA(3, 2)),
	};
	uint64_t sent_ns;

	begin_steps(&sent);
	sent_ns = core.now_ns;
	core.now_ns += 2 * CORE_TIMEOUT_NS;
	cookies_tick(&answers.cookies, core.now_ns, sent_ns + CORE_TIMEOUT_NS - 1);
	ck_assert_uint_eq(n_rows(), 0);
	cookies_tick(&answers.cookies, core.now_ns, sent_ns + CORE_TIMEOUT_NS);
	check_row(3, "second-blocked", 4);
	end();
}

/* ---- answers to older attempts ------------------------------------------------------------- */

static const struct steps_case cases_older[] = {
	{ "the first of two", STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), RTT, TAKEN(1), SETTLE),
	  .rows = { "1 verdict=accepted probes=3 rtt_ms=3020.000" } },
	{ "the second of two", STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), RTT, TAKEN(2), SETTLE),
	  .rows = { "2 verdict=accepted probes=3 rtt_ms=20.000" } },
	{ "the first of three",
	  STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), TIMEOUT, DATA(3, 2), RTT, TAKEN(1), SETTLE),
	  .rows = { "1 verdict=accepted probes=4 rtt_ms=6020.000" } },
	{ "the second of three",
	  STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), TIMEOUT, DATA(3, 2), RTT, TAKEN(2), SETTLE),
	  .rows = { "2 verdict=accepted probes=4 rtt_ms=3020.000" } },
	/* The target stays until what is in the ring was sent, and counts it. */
	{ "while the second is in the ring",
	  STEPS(DATA_SENT, TIMEOUT, DUE(1), RTT, TAKEN(1), WAIT(10 * CORE_TIMEOUT_NS), ROWS(0),
		PENDING(1), DATA(3, 1), WAIT(1), SETTLE, IDLE),
	  .rows = { "1 verdict=accepted probes=3 rtt_ms=3020.000" } },
	{ "while the third is in the ring",
	  STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), TIMEOUT, RTT, TAKEN(2), WAIT(10 * CORE_TIMEOUT_NS),
		ROWS(0), DATA(3, 2), WAIT(1), SETTLE, IDLE),
	  .rows = { "2 verdict=accepted probes=4 rtt_ms=3020.000" } },
	/* A SYN/ACK may still follow when the newer one was sent. */
	{ "by a RST, while the second is in the ring",
	  STEPS(DATA_SENT, TIMEOUT, RST(1, 0), WAIT(10 * CORE_TIMEOUT_NS), ROWS(0), DATA(3, 1),
		WAIT(PLAN_LINGER_NS - 1), ROWS(0), TAKEN(2), SETTLE, IDLE),
	  .rows = { "2 verdict=accepted probes=3" } },
	/* The new cookie goes only after what is in the ring. */
	{ "by a refusal, while the second is in the ring",
	  STEPS(DATA_SENT, TIMEOUT, SA(1, OPTS_OTHER, 0), TIMEOUT, DUE(1), DATA(3, 1), WAIT(0), GAP,
		DATA(3, 3), TAKEN(3), SETTLE),
	  .rows = { "3 verdict=accepted probes=4" } },
	/* No room for the next attempt: nothing is forgotten, and nothing confused. */
	{ "the ring was full for the second", { .ring = 2 },
	  STEPS(DATA_SENT, FILL_RING, TIMEOUT, TIMEOUT, EMPTY_RING, ROWS(0), WAIT(1), DATA(3, 1),
		RTT, TAKEN(1), SETTLE),
	  .rows = { "1 verdict=accepted probes=3" } },
	{ "the ring was full for the third", { .ring = 2 },
	  STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), FILL_RING, TIMEOUT, TIMEOUT, EMPTY_RING, ROWS(0),
		WAIT(1), DATA(3, 2), RTT, TAKEN(2), SETTLE),
	  .rows = { "2 verdict=accepted probes=4" } },
	{ "while the ring is full for the second", { .ring = 2 },
	  STEPS(DATA_SENT, FILL_RING, TIMEOUT, TAKEN(1), SETTLE, ROWS(1), EMPTY_RING, TIMEOUT,
		IDLE),
	  .rows = { "1 verdict=accepted probes=2 rtt_ms=3000.000" } },
	{ "while the ring is full for the third", { .ring = 2 },
	  STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), FILL_RING, TIMEOUT, TAKEN(1), SETTLE, ROWS(1),
		EMPTY_RING, TIMEOUT, IDLE),
	  .rows = { "1 verdict=accepted probes=3 rtt_ms=6000.000" } },
};

TEST_EACH(older, cases_older)
{
	run_case(row);
}

/* ---- what the send thread could not send: no verdict comes of that -------------------------- */

static const struct steps_case cases_unsent[] = {
	{ "given up", STEPS(DATA_SENT, GIVEN_UP, WAIT(0), PENDING(0), IDLE),
	  .rows = { "0 verdict=cookie-only probes=1" }, "unfinished=0" },
	/* That is less than was to be known. */
	{ "silent, then given up", STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), GIVEN_UP, WAIT(0)),
	  .counters = "unfinished=1" },
	{ "given up, and the attempt before is answered",
	  STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), IN_RING, IGNORED(1), GIVEN_UP, IGNORED(2), WAIT(0)),
	  .rows = { "1 verdict=ignored probes=2" }, "unfinished=0 drop_unsent=1" },
	/* In the engine's hands: it can be answered, but its slot is not free. */
	{ "leaving, and answered",
	  STEPS(DATA_SENT, LEAVING, IGNORED(1), WAIT(0), ROWS(0), LEFT, WAIT(0)),
	  .rows = { "1 verdict=ignored probes=2 rtt_ms=0.000" } },
	/* However long that lasts: its time-out has not begun. */
	{ "leaving is not silent",
	  STEPS(DATA_SENT, LEAVING, WAIT(10 * CORE_TIMEOUT_NS), IDLE, LEFT,
		WAIT(CORE_TIMEOUT_NS - 1), IDLE, WAIT(1), DUE(1)) },
	/* That it was sent is not known. */
	{ "leaving at the end", STEPS(DATA_SENT, LEAVING, WAIT(10 * CORE_TIMEOUT_NS), FLUSH),
	  .rows = { "0 verdict=cookie-only probes=1" }, "unfinished=0" },
	/* Of two arms one is answered; the silence of the other proves something if it was sent. */
	{ "an arm that was sent", { .plan = PLAN_PATH },
	  STEPS(ARM(3, 0, 0), SA(0, OPTS_NONE, 0), ARM(3, 1, 0), TAIL(4), WAIT(0), GAP, DUE(1)),
	  .counters = "unfinished=0" },
	{ "an arm that may not have been sent", { .plan = PLAN_PATH },
	  STEPS(ARM(3, 0, 0), SA(0, OPTS_NONE, 0), ARM(3, 1, 0), LOST(3), TAIL(4), WAIT(0),
		PENDING(0), IDLE), .counters = "unfinished=1" },
};

TEST_EACH(unsent, cases_unsent)
{
	run_case(row);
}

/* ---- what was lost here: silence proves nothing then ---------------------------------------- */

static const struct steps_case cases_lost[] = {
	{ "before",
	  STEPS(LOSE, WAIT(2), DATA_SENT, TIMEOUT, DATA(3, 1), TIMEOUT, DATA(3, 2), TIMEOUT, IDLE),
	  .rows = { "0 verdict=second-blocked probes=4" }, "unfinished=0" },
	{ "while the last attempt could be answered",
	  STEPS(DATA_SENT, TIMEOUT, DATA(3, 1), TIMEOUT, DATA(3, 2), WAIT(1), LOSE, TIMEOUT,
		PENDING(0), IDLE), .counters = "unfinished=1" },
	{ "while the first could", STEPS(DATA_SENT, LOSE, TIMEOUT, DATA(3, 1), TIMEOUT, DATA(3, 2),
					 TIMEOUT, PENDING(0), IDLE), .counters = "unfinished=1" },
	{ "but not the answer", STEPS(DATA_SENT, LOSE, TAKEN(1), SETTLE),
	  .rows = { "1 verdict=accepted probes=2" }, "unfinished=0" },
	{ "while an arm could be answered", { .plan = PLAN_PATH },
	  STEPS(ARM(3, 0, 0), SA(0, OPTS_NONE, 0), ARM(3, 1, 0), LOSE, TAIL(4), WAIT(0),
		PENDING(0), IDLE), .counters = "unfinished=1" },
};

TEST_EACH(lost, cases_lost)
{
	run_case(row);
}

/* ---- the end ------------------------------------------------------------------------------- */

#define FIRST(k_)	REQ(k_, 0), SA(k_, OPTS_COOKIE, 0)

static const struct steps_case cases_ending[] = {
	/* Silent, and not asked again: not known. It is no new target that answers then. */
	{ "nothing is asked any more",
	  STEPS(DATA_SENT, REQ(4, 0), RTT, SA(2, OPTS_COOKIE, 0), STOP, GAP, IDLE, ROWS(0), TIMEOUT,
		IDLE, ROWS(0), PENDING(1), TAKEN(1), ROWS(0), FLUSH),
	  .rows = { "2 verdict=cookie-only probes=1" }, "unfinished=1" },
	/* Nor is the verdict that data was not sent, where the next part of the run sends it. */
	{ "a cookie without its data, in a run that may go on", { .saves = true },
	  STEPS(FIRST(0), GAP, DATA(0, 0), IGNORED(1), REQ(1, 0), SA(2, OPTS_COOKIE, 0), STOP, GAP,
		IDLE, FLUSH),
	  .rows = { "1 verdict=ignored probes=2" }, "unfinished=1" },
	{ "the same, where there is no data", { .saves = true, .no_payload = true },
	  STEPS(FIRST(0), STOP, GAP, FLUSH), .rows = { "0 verdict=cookie-only probes=1" },
	  "unfinished=0" },
	/*
	 * Whatever an entry waits for: a row only of what is known for good. What had not its
	 * time-out, or not all its tries, proves nothing. 0: data again in the ring; 1: sent twice;
	 * 6: data taken; 5: data reset, lingers; 2: data in the ring; 3: in the gap; 4: reset.
	 */
	{ "what is known has its row",
	  STEPS(FIRST(0), FIRST(1), GAP, DATA(0, 0), DATA(1, 0), TIMEOUT, DATA(0, 1), IN_RING,
		DATA(1, 1), REQ(6, 0), SA(6, OPTS_COOKIE, 0), GAP, DATA(6, 0), TAKEN(7), REQ(5, 0),
		SA(8, OPTS_COOKIE, 0), GAP, DATA(5, 0), RST(9, 0), REQ(2, 0),
		SA(10, OPTS_COOKIE, 0), GAP, REQ(3, 0), SA(11, OPTS_COOKIE, 0), REQ(4, 0),
		RST(12, 0), ROWS(0), STOP, FLUSH, PENDING(0)),
	  .rows = { "11 verdict=cookie-only probes=1", "10 verdict=cookie-only probes=1",
		    "7 verdict=accepted probes=2" },
	  "unfinished=4" },
	/* What comes again is known for a while: SYN/ACKs are repeated up to 7 s. */
	{ "after the row",
	  STEPS(DATA_SENT, IGNORED(1), ROWS(1), PENDING(0), WAIT(7500000000), SA(1, OPTS_OTHER, 0),
		FORGE(3, PROBE_DATA, 1), IGNORED(2), WAIT(60000000000), FORGOTTEN(3), IDLE),
	  .rows = { "1 verdict=ignored probes=2" }, "retransmissions=1 drop_unsent=1" },
};

TEST_EACH(ending, cases_ending)
{
	run_case(row);
}

/* ---- room ---------------------------------------------------------------------------------- */

static bool half_full(void)
{
	return atomic_load(&core.s.rx.part[0].cache_half_full);
}

static void asks(uint64_t k, struct syn *syn)
{
	struct followup f;

	ck_assert(core_send_followup(&core, &f, syn));
	ck_assert_uint_eq(f.x, order_target(&core.s.facts.order, k));
}

/* Half full, the sweep is told to pause; full, a target is refused; then there is room again. */
TEST(cache_full)
{
	struct syn syn;

	begin_with(&(struct core_setup){ .slots = 8 });
	for (uint64_t k = 0; k < 9; k++) {
		ck_assert_int_eq(half_full(), k >= 4);
		request_answered(k, SYNACK(OPTS_COOKIE, 0), &syn);
		ck_assert_uint_eq(atomic_load(&core.s.rx.part[0].pending), k < 8 ? k + 1 : 8);
	}
	ck_assert_uint_eq(count(STAT_table_full), 1);
	ck_assert_ptr_null(cookies_find(&answers.cookies, 8));
	elapse(PLAN_GAP_NS);
	for (uint64_t k = 0; k < 5; k++) {
		ck_assert(half_full());
		asks(k, &syn);
		answer(&syn, SYNACK(OPTS_NONE, 0));
		ck_assert_uint_eq(atomic_load(&core.s.rx.part[0].pending), 7 - k);
	}
	ck_assert(!half_full());
	request_answered(9, SYNACK(OPTS_COOKIE, 0), &syn);
	ck_assert_ptr_nonnull(cookies_find(&answers.cookies, 9));
	ck_assert(half_full());
	cookies_flush(&answers.cookies, core.now_ns);
	ck_assert_uint_eq(n_rows(), 9);
	ck_assert_uint_eq(atomic_load(&core.s.rx.part[0].pending), 0);
	ck_assert(!half_full());
	ck_assert_uint_eq(count(STAT_table_peak), 8);
	end();
}

/* A slot that is in the ring belongs to its target until the send thread took it. */
TEST(slots_in_the_ring_are_kept)
{
	struct syn first[4], late;

	begin_with(&(struct core_setup){ .slots = 4 });
	for (uint64_t k = 0; k < 4; k++)
		request_answered(k, SYNACK(OPTS_COOKIE, 0), &late);
	elapse(PLAN_GAP_NS);
	for (uint64_t k = 0; k < 4; k++)
		asks(k, &first[k]);
	elapse(CORE_TIMEOUT_NS);
	for (uint64_t k = 0; k < 4; k++)
		answer(&first[k], SYNACK(OPTS_NONE, 0));
	request_answered(9, SYNACK(OPTS_COOKIE, 0), &late);
	ck_assert_uint_eq(count(STAT_table_full), 1);
	for (uint64_t k = 0; k < 4; k++)
		asks(k, &late);
	elapse(0);
	ck_assert_uint_eq(n_rows(), 4);
	request_answered(10, SYNACK(OPTS_COOKIE, 0), &late);
	ck_assert_uint_eq(count(STAT_table_full), 1);
	end();
}

/* However many have their row: they are few beside those that have none, and give way to them. */
TEST(kept_give_way)
{
	struct syn syn;

	begin_with(&(struct core_setup){ .slots = 64 });
	for (uint64_t k = 0; k < 100; k++) {
		data_sent(k, &syn);
		answer(&syn, SYNACK(OPTS_NONE, 0));
		ck_assert_uint_eq(n_rows(), k + 1);
		ck_assert_uint_eq(cookies_pending(&answers.cookies), 0);
		ck_assert(!half_full());
		ck_assert_uint_le(answers.cookies.cache.table.n, 32);
	}
	ck_assert_ptr_nonnull(cookies_find(&answers.cookies, 99));
	for (uint64_t k = 100; k < 165; k++)
		request_answered(k, SYNACK(OPTS_COOKIE, 0), &syn);
	ck_assert_uint_eq(cookies_pending(&answers.cookies), 64);
	ck_assert_ptr_null(cookies_find(&answers.cookies, 99));
	ck_assert_uint_eq(count(STAT_table_full), 1);
	ck_assert_uint_eq(n_rows(), 100);
	end();
}

/* ---- reading a capture: the file shows what was sent --------------------------------------- */

/* Reading a capture: the follow-up in syn is seen leaving, now. */
static void see_leave(struct entry *en, const struct syn *syn)
{
	struct validate_match m;

	validate_packet(&core.s.facts.validator, &syn->p, PAYLOAD_MAX, &m);
	ck_assert_int_eq(m.class, VALIDATE_SENT);
	cookies_sent(&answers.cookies, en, &m, core.now_ns);
}

/* What a capture lacks waits as long as there is room. */
TEST(unseen_give_way)
{
	struct syn syn;

	begin_with(&(struct core_setup){ .slots = 4 });
	answers.cookies.sees_sent = true;
	for (uint64_t k = 0; k < 4; k++)
		request_answered(k, SYNACK(OPTS_COOKIE, 0), &syn);
	request_answered(4, SYNACK(OPTS_COOKIE, 0), &syn);
	ck_assert_uint_eq(count(STAT_table_full), 1);
	elapse(2 * CORE_TIMEOUT_NS);
	ck_assert_uint_eq(n_rows(), 0);
	request_answered(5, SYNACK(OPTS_COOKIE, 0), &syn);
	ck_assert_uint_eq(count(STAT_table_full), 1);
	check_row(0, "cookie-only", 1);
	ck_assert_uint_eq(cookies_pending(&answers.cookies), 4);
	cookies_flush(&answers.cookies, core.now_ns);
	ck_assert_uint_eq(n_rows(), 5);
	end();
}

static void craft_data(const struct entry *en, uint8_t attempt, struct syn *syn)
{
	core_craft(&core, en->x, en->source, PROBE_DATA, attempt, &en->want.cookie, syn);
}

/* When each try is seen, after what it follows; before the second, whether its clock was read. */
static const struct {
	uint64_t first_ns, second_ns;
	bool is_read;
} seen_when[] = {
	{ PLAN_GAP_NS / 2, CORE_TIMEOUT_NS, true },	/* before the gap is over by this clock */
	{ PLAN_GAP_NS, CORE_TIMEOUT_NS, false },
	{ 10 * CORE_TIMEOUT_NS, 10 * CORE_TIMEOUT_NS, true },
	{ 10 * CORE_TIMEOUT_NS, 10 * CORE_TIMEOUT_NS, false },
};

TEST_EACH(seen_leaving, seen_when)
{
	struct followup f;
	struct entry *en;
	struct syn syn;

	begin();
	answers.cookies.sees_sent = true;
	request_answered(3, SYNACK(OPTS_COOKIE, 0), &syn);
	en = cookies_find(&answers.cookies, 3);
	ck_assert_ptr_nonnull(en);
	core.now_ns += row->first_ns;
	cookies_tick(&answers.cookies, core.now_ns, core.now_ns);
	craft_data(en, 0, &syn);
	see_leave(en, &syn);
	ck_assert(ring_pop(&core.s.senders[0].followups, &f));
	ck_assert_uint_eq(f.attempt, 0);
	ck_assert_uint_eq(atomic_load(&core.s.stamps[f.slot]), core.now_ns);
	/* A copy of it is no other one. */
	core.now_ns += CORE_RTT_NS;
	see_leave(en, &syn);
	ck_assert_uint_eq(atomic_load(&core.s.stamps[f.slot]), core.now_ns - CORE_RTT_NS);
	core.now_ns += row->second_ns;
	if (row->is_read)
		cookies_tick(&answers.cookies, core.now_ns, core.now_ns);
	craft_data(en, 1, &syn);
	see_leave(en, &syn);
	ck_assert(ring_pop(&core.s.senders[0].followups, &f));
	ck_assert_uint_eq(f.attempt, 1);
	ck_assert_uint_eq(atomic_load(&core.s.stamps[f.slot]), core.now_ns);
	elapse(CORE_RTT_NS);
	accept_data(&syn);
	check_row(3, "accepted", 3);
	end();
}
