/* answer: what an answer makes of its target; in time, late, again, and where it is none. */
#include "unit.h"

#include "steps_rig.h"

/* Position 9 gives a cookie, and `data` goes out, as SYN 1. */
#define DATA_SENT	REQ(9, 0), RTT, SA(0, OPTS_COOKIE, 0), GAP, DATA(9, 0)
#define ACCEPTED(syn_)	SA(syn_, OPTS_NONE, CORE_DLEN), SETTLE

static const struct steps_case cases_one_target[] = {
	{ "no cookie: a row at once, and no more is asked", { .retries = 2 },
	  STEPS(REQ(9, 0), RTT, SA(0, OPTS_NONE, 0), ROWS(1), PENDING(0),
		STATUS(9, 1 | WINDOW_ANSWERED | WINDOW_DONE), WAIT(1000 * PLAN_GAP_NS), IDLE),
	  .rows = { "0 verdict=no-cookie probes=1 rtt_ms=20.000 reply=synack tfo_synkind=34 "
		    "tfo_synclen=0 cookie=" },
	  "synacks=1 targets_done=1 cookies=0" },
	/* In the ring it has not been sent: it has no time-out there. */
	{ "a cookie: data after the gap", { .retries = 2 },
	  STEPS(REQ(9, 0), RTT, SA(0, OPTS_COOKIE, 0), ROWS(0), STATUS(9, 1 | WINDOW_ANSWERED),
		PENDING(1), WAIT(PLAN_GAP_NS - 1), IDLE, WAIT(1), WAIT(0),
		WAIT(100 * CORE_TIMEOUT_NS), DATA(9, 0), IDLE, WAIT(12345), ACCEPTED(1),
		PENDING(0)),
	  .rows = { "1 verdict=accepted probes=2 rtt_ms=0.012 tfo_synkind=34 tfo_synclen=8 "
		    "tfo_acked=12 cookie=3021b9d889017eeb" },
	  "synacks=2 cookies=1 accepted=1" },
	{ "a cookie in kind 254",
	  STEPS(REQ(9, 0), SA(0, OPTS_EXP, 0), GAP, DATA(9, 0), ACCEPTED(1)),
	  .rows = { "1 verdict=accepted probes=2 tfo_synkind=254 tfo_synclen=8" } },
	{ "no payload, no data", { .no_payload = true },
	  STEPS(REQ(9, 0), SA(0, OPTS_COOKIE, 0), GAP, IDLE),
	  .rows = { "0 verdict=cookie-only probes=1" } },
	/* What the server says to the data comes behind the SYN/ACK: the row waits for it. */
	{ "data taken, and another cookie",
	  STEPS(DATA_SENT, SA(1, OPTS_OTHER, CORE_DLEN), WAIT(PLAN_TEARDOWN_DELAY_NS - 1),
		ROWS(0), PENDING(1), WAIT(1), WAIT(10 * CORE_TIMEOUT_NS), IDLE),
	  .rows = { "1 verdict=accepted probes=2 rtt_ms=0.000" } },
	{ "all but a byte taken",
	  STEPS(DATA_SENT, SA(1, OPTS_NONE, CORE_DLEN - 1), ROWS(0), SETTLE),
	  .rows = { "1 verdict=partial probes=2" } },
	{ "a byte taken",
	  STEPS(DATA_SENT, SA(1, OPTS_NONE, 1), WAIT(PLAN_TEARDOWN_DELAY_NS - 1), ROWS(0), WAIT(1)),
	  .rows = { "1 verdict=partial probes=2" } },
	{ "data ignored", STEPS(DATA_SENT, SA(1, OPTS_NONE, 0), ROWS(1), GAP, IDLE),
	  .rows = { "1 verdict=ignored probes=2" } },
	{ "refused, with the same cookie",
	  STEPS(DATA_SENT, SA(1, OPTS_COOKIE, 0), ROWS(1), GAP, IDLE),
	  .rows = { "1 verdict=refused probes=2" } },
	{ "refused, with an empty option",
	  STEPS(DATA_SENT, SA(1, OPTS_NONE "2202", 0), ROWS(1), GAP, IDLE),
	  .rows = { "1 verdict=refused probes=2" } },
	{ "refused once, then accepted",
	  STEPS(DATA_SENT, SA(1, OPTS_OTHER, 0), ROWS(0), WAIT(PLAN_GAP_NS - 1), IDLE, WAIT(1),
		DATA(9, 3), RTT, ACCEPTED(2)),
	  .rows = { "2 verdict=accepted probes=3 rtt_ms=20.000 cookie=aabbccddeeff0011" },
	  "cookies=1" },
	{ "refused with ever new cookies: a third is not tried",
	  STEPS(DATA_SENT, SA(1, OPTS_OTHER, 0), GAP, DATA(9, 3), SA(2, OPTS_THIRD, 0), ROWS(1),
		WAIT(10 * CORE_TIMEOUT_NS), IDLE),
	  .rows = { "2 verdict=refused probes=3" } },
	{ "refused, then silent: asked as often as before",
	  STEPS(DATA_SENT, SA(1, OPTS_OTHER, 0), GAP, DATA(9, 3), TIMEOUT, DATA(9, 4), TIMEOUT,
		DATA(9, 5), TIMEOUT, IDLE),
	  .rows = { "0 verdict=second-blocked probes=5" } },
	/* The row is of the request, whose cookie was used; what comes then changes nothing. */
	{ "data is not answered",
	  STEPS(DATA_SENT, TIMEOUT, ROWS(0), DATA(9, 1), TIMEOUT, DATA(9, 2), TIMEOUT, ROWS(1),
		WAIT(1), SA(3, OPTS_NONE, CORE_DLEN), TIMEOUT),
	  .rows = { "0 verdict=second-blocked probes=4 tfo_dlen=0" },
	  "late=1 targets_done=1 accepted=0" },
	{ "IPv6", { .target = "2001:2::/120" },
	  STEPS(DATA_SENT, RTT, ACCEPTED(1), REQ(10, 0), ICMP(2, 1, 1), LINGER),
	  .rows = { "1 verdict=accepted probes=2 rtt_ms=20.000", "2 verdict=unreachable" } },
};

TEST_EACH(one_target, cases_one_target)
{
	run_case(row);
}

static const struct steps_case cases_resets[] = {
	{ "closed, after a while", { .retries = 2 },
	  STEPS(REQ(9, 0), RTT, RST(0, 0), STATUS(9, 1 | WINDOW_ANSWERED),
		WAIT(PLAN_LINGER_NS - 1), ROWS(0), WAIT(1), IDLE),
	  .rows = { "0 verdict=closed probes=1 rtt_ms=20.000 reply=rst" }, "rsts=1" },
	{ "a SYN/ACK after it",
	  STEPS(REQ(9, 0), RTT, RST(0, 0), WAIT(PLAN_LINGER_NS / 2), SA(0, OPTS_NONE, 0), ROWS(1),
		LINGER),
	  .rows = { "0 verdict=no-cookie probes=1 rtt_ms=520.000 reply=synack" } },
	{ "a cookie after it",
	  STEPS(REQ(9, 0), RST(0, 0), WAIT(PLAN_LINGER_NS - 1), SA(0, OPTS_COOKIE, 0), GAP, ROWS(0),
		DATA(9, 0), ACCEPTED(1)),
	  .rows = { "1 verdict=accepted probes=2" } },
	{ "of data, and a SYN/ACK after it",
	  STEPS(DATA_SENT, RTT, RST(1, 0), WAIT(PLAN_LINGER_NS - 1), ROWS(0), IDLE, ACCEPTED(1)),
	  .rows = { "1 verdict=accepted probes=2 rtt_ms=1020.000" } },
	{ "of data: it is not asked again",
	  STEPS(DATA_SENT, RTT, RST(1, CORE_DLEN), TIMEOUT, TIMEOUT, TIMEOUT, IDLE),
	  .rows = { "0 verdict=second-blocked probes=2" } },
	/* While there is an entry, and where there is none. */
	{ "after a SYN/ACK",
	  STEPS(DATA_SENT, SA(1, OPTS_OTHER, 0), RST(1, CORE_DLEN), GAP, DUE(1), REQ(10, 0),
		SA(2, OPTS_NONE, 0), RST(2, 0)),
	  .rows = { "2 verdict=no-cookie probes=1" },
	  "rsts=2 duplicates=0 retransmissions=0" },
	{ "an ICMP error, alone and before a RST",
	  STEPS(REQ(9, 0), ICMP(0, 3, 13), LINGER, ROWS(1), REQ(10, 0), ICMP(1, 3, 13), RST(1, 0),
		ICMP(1, 3, 13), LINGER),
	  .rows = { "0 verdict=unreachable probes=1 reply=icmp",
		    "1 verdict=closed rtt_ms=0.000" } },
	{ "an ICMP error that quotes a stripped SYN, before a SYN/ACK, and one that does not",
	  STEPS(REQ(9, 0), STRIPPED(0), SA(0, OPTS_NONE, 0), REQ(10, 0), ICMP(1, 11, 0),
		SA(1, OPTS_NONE, 0)),
	  .rows = { "0 verdict=option-stripped probes=1 reply=synack signals=option-stripped",
		    "1 verdict=no-cookie signals=" }, "icmps=2" },
	{ "an ICMP error that quotes a stripped SYN, after a SYN/ACK",
	  STEPS(DATA_SENT, SA(1, OPTS_NONE, CORE_DLEN), STRIPPED(1), SETTLE),
	  .rows = { "1 verdict=accepted probes=2 reply=synack signals=option-stripped" } },
};

TEST_EACH(resets, cases_resets)
{
	run_case(row);
}

static const struct steps_case cases_no_answers[] = {
	/* More acknowledged than was sent: whoever says so did not see the SYN. */
	{ "forged acknowledgments of a request: it may still be asked again",
	  STEPS(REQ(9, 0), SA(0, OPTS_COOKIE, 1), SA(0, OPTS_COOKIE, PAYLOAD_MAX),
		RST(0, CORE_DLEN), STATUS(9, 1)),
	  .counters = "drop_unmatched=3 synacks=0 rsts=0" },
	{ "forged acknowledgments of data",
	  STEPS(DATA_SENT, SA(1, OPTS_NONE, CORE_DLEN + 1), RST(1, CORE_DLEN + 1),
		SEG(1, 0, 100, CORE_DLEN + 1), ROWS(0), ACCEPTED(1)),
	  .rows = { "1 verdict=accepted probes=2" },
	  "drop_unmatched=3 early_data=0 synacks=2 rsts=0" },
	{ "to a request that was not sent", { .retries = 2 },
	  STEPS(REQ(9, 0), FORGE(9, PROBE_REQUEST, 1), SA(1, OPTS_COOKIE, 0), STATUS(9, 1),
		FORGOTTEN(9), FORGE(11, PROBE_REQUEST, 0), NOBODYS_SA(2)),
	  .counters = "drop_unsent=2" },
	/* Before its time, in the ring, and after others of its kind. */
	{ "to data that was not sent",
	  STEPS(REQ(9, 0), SA(0, OPTS_COOKIE, 0), FORGE(9, PROBE_DATA, 0),
		SA(1, OPTS_NONE, CORE_DLEN), GAP, SA(1, OPTS_NONE, CORE_DLEN), DATA(9, 0),
		FORGE(9, PROBE_DATA, 1), SA(3, OPTS_NONE, CORE_DLEN), FORGE(9, PROBE_DATA, 3),
		SA(4, OPTS_NONE, CORE_DLEN), TIMEOUT, SA(3, OPTS_NONE, CORE_DLEN), ROWS(0),
		SA(2, OPTS_NONE, 0), DATA(9, 1), WAIT(0)),
	  .rows = { "2 probes=3 rtt_ms=3000.000" }, "drop_unsent=5 synacks=2" },
	{ "a row for each reply: none for these", { .retries = 1 }, ROWS_REPLY,
	  STEPS(REQ(9, 0), SA(0, OPTS_NONE, 1), FORGE(9, PROBE_REQUEST, 1), SA(1, OPTS_NONE, 0)) },
};

TEST_EACH(no_answers, cases_no_answers)
{
	run_case(row);
}

/* Attempts 0 and 1 are out, of the request or of data; then the round trip of the second. */
#define TWO_REQUESTS	REQ(9, 0), TIMEOUT, REQ(9, 1), RTT
#define TWO_DATA	DATA_SENT, TIMEOUT, DATA(9, 1), RTT

static const struct steps_case cases_again[] = {
	/* Without options, as servers do. The row stays the only one. */
	{ "doubled and retransmitted",
	  STEPS(REQ(9, 0), SA(0, OPTS_COOKIE, 0), SA(0, OPTS_COOKIE, 0), WAIT(EVIDENCE_LATE_NS),
		SA(0, OPTS_NONE, 0), FLUSH, ROWS(1), SA(0, OPTS_NONE, 0), RST(0, 0)),
	  .rows = { "0 verdict=cookie-only probes=1 cookie=3021b9d889017eeb" },
	  "duplicates=1 retransmissions=2 synacks=1 rsts=1 targets_done=1" },
	{ "late: after the time-out, not at it",
	  STEPS(REQ(10, 0), TIMEOUT, SA(0, OPTS_NONE, 0), REQ(11, 0), WAIT(CORE_TIMEOUT_NS + 1),
		SA(1, OPTS_NONE, 0)),
	  .rows = { "0 verdict=unknown rtt_ms=3000.000", "1 verdict=unknown rtt_ms=3000.000" },
	  "late=1" },
	{ "late, of data", STEPS(DATA_SENT, WAIT(CORE_TIMEOUT_NS + 1), SA(1, OPTS_NONE, CORE_DLEN)),
	  .counters = "late=1" },
	/* Both count, and the times are its own. */
	{ "the first attempt, after the second", { .retries = 2 },
	  STEPS(TWO_REQUESTS, SA(0, OPTS_NONE, 0), SA(1, OPTS_COOKIE, 0)),
	  .rows = { "0 verdict=unknown probes=2 rtt_ms=3020.000" }, "late=1 duplicates=1" },
	{ "the second attempt", { .retries = 2 }, STEPS(TWO_REQUESTS, SA(1, OPTS_NONE, 0)),
	  .rows = { "1 verdict=no-cookie probes=2 rtt_ms=20.000" }, "late=0" },
	/* The row tells of one SYN and of the answer to that very SYN. */
	{ "two resets", { .retries = 1 }, STEPS(TWO_REQUESTS, RST(0, 0), RST(1, 0), LINGER),
	  .rows = { "0 verdict=closed probes=2 rtt_ms=3020.000" } },
	{ "a reset and an ICMP error", { .retries = 1 },
	  STEPS(TWO_REQUESTS, RST(0, 0), ICMP(1, 3, 1), LINGER),
	  .rows = { "0 verdict=closed probes=2 rtt_ms=3020.000" } },
	{ "a reset, and a SYN/ACK, which tells more", { .retries = 1 },
	  STEPS(TWO_REQUESTS, RST(0, 0), SA(1, OPTS_NONE, 0)),
	  .rows = { "1 verdict=no-cookie probes=2 rtt_ms=20.000" } },
	{ "two SYN/ACKs to data", { .retries = 1 },
	  STEPS(TWO_DATA, SA(2, OPTS_NONE, CORE_DLEN), SA(1, OPTS_NONE, CORE_DLEN), SETTLE),
	  .rows = { "2 verdict=accepted probes=3 rtt_ms=20.000" } },
};

TEST_EACH(again, cases_again)
{
	run_case(row);
}

/* ---- a row for each reply ------------------------------------------------------------------ */

static const struct steps_case cases_replies[] = {
	{ "each at once", { .retries = 0 }, ROWS_REPLY,
	  STEPS(REQ(9, 0), RTT, SA(0, OPTS_COOKIE, 0), ROWS(1), GAP, DATA(9, 0), RTT,
		SEG(1, 0, 50, CORE_DLEN), SA(1, OPTS_NONE, CORE_DLEN), ROWS(2), REQ(10, 0),
		ICMP(2, 3, 13), ROWS(3), RST(2, 0), ROWS(4), SA(2, OPTS_NONE, 0), ROWS(5), FLUSH),
	  .rows = { "0 probe=request attempt=0 reply=synack repeat= late=false rtt_ms=20.000 "
		    "cookie=3021b9d889017eeb",
		    "1 probe=data attempt=0 reply=synack repeat= late=false rtt_ms=20.000 "
		    "tfo_acked=12 tfo_synclen=8",
		    "2 probe=request reply=icmp repeat= late=false icmp_type=3 icmp_code=13 "
		    "tfo_ack=",
		    "2 probe=request reply=rst repeat= late=false rtt_ms=0.000",
		    "2 probe=request reply=synack repeat= late=false" } },
	/* The last three where there is no entry. */
	{ "repeats", { .retries = 0 }, ROWS_REPLY,
	  STEPS(REQ(9, 0), RTT, SA(0, OPTS_COOKIE, 0), WAIT(1000), SA(0, OPTS_COOKIE, 0),
		WAIT(EVIDENCE_LATE_NS), SA(0, OPTS_NONE, 0), TIMEOUT, SA(0, OPTS_NONE, 0),
		REQ(10, 0), RTT, SA(1, OPTS_NONE, 0), SA(1, OPTS_NONE, 0), TIMEOUT,
		SA(1, OPTS_NONE, 0)),
	  .rows = { "0 probe=request reply=synack repeat= late=false rtt_ms=20.000",
		    "0 reply=synack repeat=duplicate late=false rtt_ms=20.001",
		    "0 reply=synack repeat=retransmission late=false",
		    "0 reply=synack repeat=retransmission late=true", "1 repeat= rtt_ms=20.000",
		    "1 repeat=duplicate late=false rtt_ms=20.000",
		    "1 repeat=retransmission late=true rtt_ms=3020.000" } },
	{ "late", { .retries = 0 }, ROWS_REPLY,
	  STEPS(REQ(10, 0), WAIT(CORE_TIMEOUT_NS + 1), SA(0, OPTS_NONE, 0), REQ(9, 0), RTT,
		SA(1, OPTS_COOKIE, 0), GAP, DATA(9, 0), WAIT(CORE_TIMEOUT_NS + 1),
		SA(2, OPTS_NONE, CORE_DLEN)),
	  .rows = { "0 probe=request attempt=0 reply=synack repeat= late=true", "1 late=false",
		    "2 probe=data attempt=0 repeat= late=true rtt_ms=3000.000" } },
	/* Each row tells of the SYN that was answered, whether there is an entry or not. */
	{ "of two attempts, and no entry", { .retries = 1 }, ROWS_REPLY,
	  STEPS(TWO_REQUESTS, SA(0, OPTS_NONE, 0), SA(1, OPTS_NONE, 0)),
	  .rows = { "0 attempt=0 reply=synack repeat= late=true rtt_ms=3020.000",
		    "1 attempt=1 reply=synack repeat=duplicate late=false" } },
	{ "of two attempts, and an entry", { .retries = 1 }, ROWS_REPLY,
	  STEPS(TWO_REQUESTS, SA(0, OPTS_COOKIE, 0), SA(1, OPTS_COOKIE, 0)),
	  .rows = { "0 attempt=0 reply=synack repeat= late=true rtt_ms=3020.000",
		    "1 attempt=1 reply=synack repeat=duplicate late=false rtt_ms=20.000" } },
	{ "of two resets", { .retries = 1 }, ROWS_REPLY,
	  STEPS(TWO_REQUESTS, RST(1, 0), RST(0, 0)),
	  .rows = { "1 attempt=1 reply=rst repeat= late=false rtt_ms=20.000",
		    "0 attempt=0 reply=rst repeat=duplicate late=true rtt_ms=3020.000" } },
};

TEST_EACH(replies, cases_replies)
{
	run_case(row);
}

/* ---- what no row shows --------------------------------------------------------------------- */

/*
 * `data` decides only by a SYN/ACK, so its flow is looked at in the cookie cache: of a RST and of
 * what came to another attempt only what belongs together.
 */
static const struct steps_case flows[] = {
	{ "two resets", { .retries = 1 }, STEPS(TWO_DATA, RST(1, 0), RST(2, CORE_DLEN)) },
	{ "a reset and early data", { .retries = 1 },
	  STEPS(TWO_DATA, RST(1, CORE_DLEN), SEG(2, 0, 100, CORE_DLEN)) },
};

TEST_EACH(flow_of_data, flows)
{
	const struct entry *en;

	begin_steps(row);
	en = cookies_find(&answers.cookies, 9);
	ck_assert_ptr_nonnull(en);
	ck_assert_uint_eq(en->nflows, 2);
	ck_assert_uint_eq(en->flows[1].seq, syns[1].p.tcp.seq);
	ck_assert_uint_eq(en->flows[1].attempt, 0);
	ck_assert_uint_eq(en->flows[1].reply.ack - en->flows[1].seq - 1,
			  en->flows[1].reply.acked);
	end();
}
