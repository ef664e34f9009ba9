/* answer: what finds no room, early data, teardowns, silent targets. */
#include "unit.h"

#include "steps_rig.h"

/* Position k gives a cookie, and `data` goes out, as SYN 1. */
#define DATA_SENT	REQ(9, 0), RTT, SA(0, OPTS_COOKIE, 0), GAP, DATA(9, 0)

/* ---- full ---------------------------------------------------------------------------------- */

#define FIRST(k_, opts_)	REQ(k_, 0), SA(k_, opts_, 0)

static const struct steps_case cases_full[] = {
	/* What finds no room is counted; its target can still be asked, and answer, again. */
	{ "the cache", { .slots = 4, .retries = 2 },
	  STEPS(FIRST(0, OPTS_COOKIE), FIRST(1, OPTS_COOKIE), FIRST(2, OPTS_COOKIE),
		FIRST(3, OPTS_COOKIE), FIRST(4, OPTS_COOKIE), REQ(5, 0), RST(5, 0),
		STATUS(4, 1 | WINDOW_UNKNOWN), STATUS(5, 1 | WINDOW_UNKNOWN), FIRST(6, OPTS_NONE),
		ROWS(1), FLUSH, ROWS(5), GAP, REQ(4, 1), SA(7, OPTS_COOKIE, 0), FLUSH),
	  .rows = { "6 verdict=no-cookie probes=1", "0", "1", "2", "3",
		    "7 verdict=cookie-only probes=2 rtt_ms=0.000" },
	  "table_full=2 synacks=6 unfinished=0" },
	{ "--max-results", { .max_results = 3 },
	  STEPS(DATA_SENT, REQ(10, 0), SA(2, OPTS_NONE, 0), REQ(11, 0), SA(3, OPTS_NONE, 0),
		FULL(false), REQ(12, 0), SA(4, OPTS_NONE, 0), FULL(true),
		SA(1, OPTS_NONE, CORE_DLEN), FLUSH),
	  .rows = { "2", "3", "4" } },
	{ "--max-results of replies", { .max_results = 2 }, ROWS_REPLY,
	  STEPS(REQ(0, 0), SA(0, OPTS_NONE, 0), FULL(false), SA(0, OPTS_NONE, 0), FULL(true),
		SA(0, OPTS_NONE, 0)),
	  .rows = { "0", "0" } },
};

TEST_EACH(full, cases_full)
{
	run_case(row);
}

/* What finds no room in the ring is asked later, in its turn. */
TEST(ring_full)
{
	struct followup f;
	struct syn syn;

	begin_with(&(struct core_setup){ .ring = 2 });
	for (uint64_t k = 0; k < 9; k++)
		request_answered(k, SYNACK(OPTS_COOKIE, 0), &syn);
	for (unsigned int n = 0; n < 9; n++) {
		elapse(PLAN_GAP_NS);
		ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), n < 8 ? 2 : 1);
		ck_assert(core_send_followup(&core, &f, &syn));
		ck_assert_uint_eq(f.x, order_target(&core.s.facts.order, n));
		answer(&syn, SYNACK(OPTS_NONE, 0));
		ck_assert_uint_eq(n_rows(), n + 1);
		read_row(n);
		check_syn(&syn);
	}
	elapse(CORE_TIMEOUT_NS);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 0);
	end();
}

/* ---- data before any ACK of ours ----------------------------------------------------------- */

static const struct steps_case cases_early_data[] = {
	/* Each byte counts once; what comes when the row is written is counted only. */
	{ "in any order, before the SYN/ACK and behind it, and some of it twice",
	  STEPS(DATA_SENT, SEG(1, 80, 80, CORE_DLEN), ROWS(0), RTT, SA(1, OPTS_NONE, CORE_DLEN),
		SEG(1, 0, 80, CORE_DLEN), SEG(1, 160, 80, CORE_DLEN), SEG(1, 0, 80, CORE_DLEN),
		WAIT(PLAN_TEARDOWN_DELAY_NS - 1), ROWS(0), SEG(1, 240, 1, CORE_DLEN), WAIT(1),
		ROWS(1), SEG(1, 241, 80, CORE_DLEN)),
	  .rows = { "1 verdict=accepted probes=2 rtt_ms=20.000 rlen=241" }, "early_data=6" },
	{ "on the SYN/ACK, and behind it",
	  STEPS(DATA_SENT, SA_DATA(1, OPTS_NONE, CORE_DLEN, 100), SEG(1, 100, 50, CORE_DLEN),
		SEG(1, 0, 100, CORE_DLEN), SETTLE),
	  .rows = { "1 verdict=accepted probes=2 rlen=150" } },
	{ "on the SYN/ACK, and some of it again: that makes it no less",
	  STEPS(DATA_SENT, SA_DATA(1, OPTS_NONE, CORE_DLEN, 100), SEG(1, 0, 40, CORE_DLEN), SETTLE),
	  .rows = { "1 verdict=accepted rlen=100" } },
	/* What came with a refusal is not the second flow's. */
	{ "of each flow",
	  STEPS(DATA_SENT, SA(1, OPTS_OTHER, 0), SEG(1, 0, 500, 0), GAP, DATA(9, 3),
		SEG(2, 0, 7, CORE_DLEN), SA(2, OPTS_NONE, CORE_DLEN), SETTLE),
	  .rows = { "2 verdict=accepted probes=3 rlen=7" } },
	{ "is no answer: who sends nothing else is silent",
	  STEPS(DATA_SENT, SEG(1, 0, 100, CORE_DLEN), TIMEOUT, DATA(9, 1), TIMEOUT, DATA(9, 2),
		TIMEOUT),
	  .rows = { "0 verdict=second-blocked probes=4" } },
};

TEST_EACH(early_data, cases_early_data)
{
	run_case(row);
}

/* ---- what a SYN/ACK opened is reset, by its ack number --------------------------------------- */

#define ACKED(syn_)	SA(syn_, OPTS_NONE, CORE_DLEN)
#define BOTH(syn_)	ACKS(syn_, CORE_DLEN), RESETS(syn_, CORE_DLEN)

static const struct steps_case cases_teardowns[] = {
	/* Where the reset was lost, once more; but nobody draws a third. */
	{ "of a request", { .tears_down = true },
	  STEPS(REQ(9, 0), SA(0, OPTS_NONE, 0), RESETS(0, 0), NO_RESETS, SA(0, OPTS_NONE, 0),
		RESETS(0, 0), SA(0, OPTS_NONE, 0), NO_RESETS),
	  .rows = { "0" } },
	/* Acknowledged and then reset, when the server has said what it says. */
	{ "of data that was taken", { .tears_down = true },
	  STEPS(DATA_SENT, RESETS(0, 0), ACKED(1), NO_RESETS, SEG(1, 0, 100, CORE_DLEN), SETTLE,
		BOTH(1), NO_RESETS),
	  .rows = { "1 verdict=accepted" } },
	{ "of what opened nothing", { .tears_down = true },
	  STEPS(REQ(11, 0), SA(0, OPTS_NONE, 1), RST(0, 0), ICMP(0, 3, 1), NO_RESETS) },
	/*
	 * The answer overtakes the send thread's word that its SYN is out: the connection is closed
	 * as any that took data, once. So is that of a second try, which is answered, too.
	 */
	{ "of an answer that comes early", { .tears_down = true },
	  STEPS(DATA_SENT, RESETS(0, 0), TIMEOUT, DATA(9, 1), LEAVING, ACKED(2), NO_RESETS, LEFT,
		WAIT(1), ACKED(1), BOTH(1), SETTLE, BOTH(2), NO_RESETS),
	  .rows = { "2 verdict=accepted probes=3" } },
	/* Each once both have settled; what was lost is sent once more. */
	{ "of a pair of one sweep",
	  { .sweep = 1u << PROBE_REQUEST | 1u << PROBE_BLIND, .tears_down = true },
	  STEPS(ARM(0, 0, 0), ARM(0, 1, 0), ACKED(1), ACKED(1), SEG(1, 0, 100, CORE_DLEN),
		NO_RESETS, SA(0, OPTS_NONE, 0), RESETS(0, 0), NO_RESETS, SETTLE, BOTH(1), NO_RESETS,
		ROWS(1), ACKED(1), BOTH(1)),
	  .rows = { "0 verdict=no-cookie probes=2" } },
	/* However often a target repeats itself: two for each SYN that it took. */
	{ "of one that repeats itself", { .tears_down = true },
	  STEPS(DATA_SENT, SA(1, OPTS_NONE, 0), SA(1, OPTS_NONE, 0), SA(1, OPTS_NONE, 0),
		SA(1, OPTS_NONE, 0), SA(1, OPTS_NONE, 0), RESETS(0, 0), RESETS(1, 0), RESETS(1, 0),
		RESETS(1, 0), NO_RESETS),
	  .rows = { "1 verdict=ignored probes=2" } },
	{ "of data, beside a request whose answer comes again", { .tears_down = true },
	  STEPS(DATA_SENT, SA(0, OPTS_COOKIE, 0), SA(0, OPTS_COOKIE, 0), SA(0, OPTS_COOKIE, 0),
		RESETS(0, 0), RESETS(0, 0), RESETS(0, 0), NO_RESETS, ACKED(1), SETTLE, BOTH(1),
		ACKED(1), NO_RESETS),
	  .rows = { "1 verdict=accepted probes=2" } },
	{ "without room for them", { .tears_down = true, .ring = 2 },
	  STEPS(FIRST(0, OPTS_NONE), FIRST(1, OPTS_NONE), FIRST(2, OPTS_NONE), FIRST(3, OPTS_NONE)),
	  .rows = { "0", "1", "2", "3" }, "cleanup_lost=2" },
	{ "of a capture that is read: none", { .retries = 0 },
	  STEPS(FIRST(0, OPTS_NONE), NO_RESETS),
	  .rows = { "0" } },
};

TEST_EACH(teardowns, cases_teardowns)
{
	run_case(row);
}

/* ---- silent targets, and slots that were given up ------------------------------------------ */

static const struct steps_case cases_silent[] = {
	{ "a row", { .retries = 2 }, .silent_too = true,
	  STEPS(REQ(9, 0), TIMEOUT, REQ(9, 1), TIMEOUT, REQ(9, 2), TIMEOUT, SILENT_ROW(9)),
	  .rows = { "0 verdict=offline probes=3 reply=none tfo_ack= "
		    "time_sent=2023-11-14T22:30:00.000000Z" } },
	/* It may have its row: it is no new target. Nothing is sent to it. */
	{ "an answer when its slot was given up", { .tears_down = true },
	  STEPS(REQ(9, 0), GIVE_UP_SLOTS, TIMEOUT, RTT, SA(0, OPTS_COOKIE, 0), RST(0, 0), GAP, IDLE,
		NO_RESETS, FLUSH), .counters = "late=2 expired=2 synacks=0" },
	{ "what was left unfinished is no new target when it answers again", { .tears_down = true },
	  STEPS(REQ(9, 0), RST(0, 0), FLUSH, PENDING(0),
		STATUS(9, 1 | WINDOW_DONE | WINDOW_ARM(0, WINDOW_ANSWERED))),
	  .counters = "unfinished=1" },
	{ "an answer after its row", { .retries = 0 }, .silent_too = true,
	  STEPS(REQ(10, 0), TIMEOUT, SILENT_ROW(10), WAIT(1), SA(0, OPTS_COOKIE, 0), GIVE_UP_SLOTS,
		SA(0, OPTS_COOKIE, 0), PENDING(0)),
	  .rows = { "0 verdict=offline probes=1" }, "late=2" },
};

TEST_EACH(silent, cases_silent)
{
	run_case(row);
}
