/* carry: connections that are carried on after their handshake (conn.h has the rules). */
#include "unit.h"

#include "steps_rig.h"

#define DLEN		CORE_DLEN
#define BROUGHT(len_)	" response_len=" #len_ " plain_response_len=200"
#define COMPLETE	{ .plan = PLAN_COMPLETE, .tears_down = true }
#define MS(n_) WAIT((n_)*1000000ull)
#define FINAL(syn_, at_, len_) \
	{ .run = step_answer, .syn = syn_, \
	  .answer = { TCP_ACK | TCP_FIN, DLEN, NULL, len_, at_ } }
/* RSTs: with an ACK, and with the sequence number alone. */
#define RESET_ACK(syn_, at_) \
	{ .run = step_answer, .syn = syn_, \
	  .answer = { TCP_RST | TCP_ACK, DLEN, NULL, 0, at_ } }
#define RESET_BARE(syn_, at_) \
	{ .run = step_answer, .syn = syn_, .answer = { TCP_RST, DLEN, NULL, 0, at_ } }
#define NOBODYS_RESET(syn_, at_) \
	{ .run = step_no_answer, .syn = syn_, .answer = { TCP_RST, DLEN, NULL, 0, at_ } }
/* An ACK, and a keep-alive, before what the server awaits. */
#define ASKS(syn_)	ACKS(syn_, DLEN), ACKS(syn_, DLEN - 1)
#define TWIN(k_, attempt_) \
	{ .run = step_follow_up, .k = k_, .kind = PROBE_TWIN, .attempt = attempt_ }

/* `data`, SYN 1, is taken: the ACK goes out. */
#define OPENED	REQ(9, 0), RTT, SA(0, OPTS_COOKIE, 0), RESETS(0, 0), GAP, DATA(9, 0), RTT, \
		SA(1, OPTS_NONE, DLEN), ACKS(1, DLEN), NO_RESETS
/* The twin, SYN 2: the same payload goes out behind its handshake. */
#define TWINNED	GAP, TWIN(9, 0), RTT, SA(2, OPTS_NONE, 0), ACKS(2, 0), NO_RESETS
#define TWIN_ANSWERED \
	TWINNED, FINAL(2, 0, 200), ACKS(2, DLEN), MS(500), RESETS(2, DLEN), NO_RESETS

static const struct steps_case cases[] = {
	{ "both bring a response", COMPLETE,
	  STEPS(OPENED, MS(30), SEG(1, 0, 100, DLEN), ACKS(1, DLEN),
		SEG(1, 0, 100, DLEN), ACKS(1, DLEN), FINAL(1, 100, 50), ACKS(1, DLEN),
		MS(500), RESETS(1, DLEN), TWIN_ANSWERED, ROWS(1)),
	  .rows = { "1 verdict=accepted probes=3 response_len=150 plain_response_len=200 rlen=0" },
	  "segments=4 rsts=0 early_data=0" },
	{ "the end, and nothing that shows that our ACK came", COMPLETE,
	  STEPS(OPENED, FINAL(1, 0, 100), ACKS(1, DLEN), MS(1400), NO_RESETS, MS(360),
		RESETS(1, DLEN), TWIN_ANSWERED),
	  .rows = { "1 verdict=accepted response_len=100 plain_response_len=200 rlen=100" } },
	{ "a RST without ACK", COMPLETE,
	  STEPS(OPENED, SEG(1, 0, 100, DLEN), ACKS(1, DLEN), RESET_BARE(1, 100),
		MS(1750), TWIN_ANSWERED),
	  .rows = { "1 verdict=stalled signals=reply-before-ack;reset-after response_len=100" } },
	{ "a RST with one", COMPLETE,
	  STEPS(OPENED, RESET_ACK(1, 0), MS(1750), TWIN_ANSWERED),
	  .rows = { "1 verdict=stalled signals=reset-after" BROUGHT(0) } },
	{ "a RST of somebody else", COMPLETE,
	  STEPS(OPENED, NOBODYS_RESET(1, 70000), NO_RESETS, RESET_ACK(1, 70000), NO_RESETS,
		MS(30), SEG(1, 0, 9, DLEN), ACKS(1, DLEN), SEG(1, 0, 9, DLEN),
		ACKS(1, DLEN), FINAL(1, 9, 0), ACKS(1, DLEN), MS(500), RESETS(1, DLEN),
		TWIN_ANSWERED),
	  .rows = { "1 verdict=accepted response_len=9" }, "rsts_bare=1" },
	{ "no response, whatever it is asked; the twin's comes", COMPLETE,
	  STEPS(OPENED, MS(1000), ACKS(1, DLEN), ACKS(1, DLEN - 1), MS(20),
		SEG(1, 0, 0, DLEN), NO_RESETS, MS(2230), ACKS(1, DLEN), ACKS(1, DLEN - 1),
		MS(4000), ACKS(1, DLEN), ACKS(1, DLEN - 1), MS(2000), RESETS(1, DLEN),
		TWIN_ANSWERED),
	  .rows = { "1 verdict=stalled signals=response-lost" BROUGHT(0) } },
	{ "the SYN/ACK comes again and again", COMPLETE,
	  STEPS(OPENED, SEG(1, 0, 100, DLEN), ACKS(1, DLEN), MS(1000),
		SA(1, OPTS_NONE, DLEN), ACKS(1, DLEN), MS(2000),
		SA(1, OPTS_NONE, DLEN), ACKS(1, DLEN), MS(4000),
		SA(1, OPTS_NONE, DLEN), RESETS(1, DLEN), TWIN_ANSWERED),
	  .rows = { "1 verdict=stalled signals=reply-before-ack;ack-lost response_len=100" },
	  "retransmissions=3" },
	{ "neither brings one", COMPLETE,
	  STEPS(OPENED, MS(30), SEG(1, 0, 0, DLEN), MS(1000), ASKS(1), MS(2000), ASKS(1),
		MS(4000), ASKS(1), MS(2000), RESETS(1, DLEN), TWINNED,
		SEG(2, 0, 0, DLEN), MS(1000), ASKS(2), MS(2000), ASKS(2), MS(4000),
		ASKS(2), MS(2250), RESETS(2, DLEN)),
	  .rows = { "1 verdict=accepted response_len=0 plain_response_len=0" } },
	{ "who is silent while packets are lost is unfinished", COMPLETE,
	  STEPS(OPENED, MS(30), SEG(1, 0, 0, DLEN), LOSE, MS(1000), ASKS(1), MS(2000),
		ASKS(1), MS(4000), ASKS(1), MS(2000), RESETS(1, DLEN),
		PENDING(0), IDLE),
	  .rows = { NULL }, "unfinished=1" },
	{ "while the ACK waits for the rate nothing is late", COMPLETE,
	  STEPS(REQ(9, 0), RTT, SA(0, OPTS_COOKIE, 0), RESETS(0, 0), GAP, DATA(9, 0), RTT,
		SA(1, OPTS_NONE, DLEN), MS(30000), ACKS(1, DLEN), NO_RESETS, MS(750), NO_RESETS,
		SEG(1, 0, 100, DLEN), ACKS(1, DLEN), SEG(1, 0, 100, DLEN), ACKS(1, DLEN),
		FINAL(1, 100, 0), ACKS(1, DLEN), MS(500), RESETS(1, DLEN), TWIN_ANSWERED),
	  .rows = { "1 verdict=accepted response_len=100 plain_response_len=200" } },
	{ "a stop resets it", COMPLETE,
	  STEPS(OPENED, MS(30), SEG(1, 0, 9, DLEN), ACKS(1, DLEN), STOP, WAIT(1),
		RESETS(1, DLEN), PENDING(0)),
	  .rows = { NULL }, "unfinished=1" },
	{ "the data was not taken: it goes with the ACK, as the twin's does", COMPLETE,
	  STEPS(REQ(9, 0), RTT, SA(0, OPTS_COOKIE, 0), RESETS(0, 0), GAP, DATA(9, 0), RTT,
		SA(1, OPTS_NONE, 0), ACKS(1, 0), NO_RESETS, MS(30), FINAL(1, 0, 70),
		ACKS(1, DLEN), MS(500), RESETS(1, DLEN), TWIN_ANSWERED),
	  .rows = { "1 verdict=ignored" BROUGHT(70) } },
	{ "refused for another cookie: closed, and the next one carried on", COMPLETE,
	  STEPS(REQ(9, 0), RTT, SA(0, OPTS_COOKIE, 0), RESETS(0, 0), GAP, DATA(9, 0), RTT,
		SA(1, OPTS_OTHER, 0), RESETS(1, 0), GAP, DATA(9, 3), SA(2, OPTS_NONE, DLEN),
		ACKS(2, DLEN), RESET_ACK(2, 0), MS(1750), GAP, TWIN(9, 0), SA(3, OPTS_NONE, 0),
		ACKS(3, 0), FINAL(3, 0, 5), ACKS(3, DLEN), MS(500), RESETS(3, DLEN)),
	  .rows = { "2 verdict=stalled probes=4" } },
	{ "the twin is silent", COMPLETE,
	  STEPS(OPENED, RESET_ACK(1, 0), MS(1750), GAP, TWIN(9, 0), TIMEOUT, TWIN(9, 1), TIMEOUT,
		TWIN(9, 2), TIMEOUT),
	  .rows = { "1 verdict=accepted probes=5 response_len=0 plain_response_len=" } },
	{ "what comes when it is closed changes nothing", COMPLETE,
	  STEPS(OPENED, RESET_ACK(1, 0), MS(1750), SEG(1, 0, 100, DLEN), TWIN_ANSWERED,
		SEG(2, 200, 100, DLEN), SA(2, OPTS_NONE, 0), RESETS(2, 0)),
	  .rows = { "1 verdict=stalled signals=reset-after" BROUGHT(0) } },
};

TEST_EACH(cases, cases)
{
	run_case(row);
}
