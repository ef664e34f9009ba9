/* answer: rows for each reply, and answers to several attempts of one probe. */
#include "unit.h"

#include "answer_rig.h"

static void begin_replies(unsigned int retries)
{
	begin_as(&(struct core_setup){ .retries = retries }, ROWS_REPLY, REPORT_ANSWERED);
}

/* Row i is of this probe and this answer. */
static void check_reply(unsigned int i, const char *probe, unsigned int attempt,
			const char *reply, const char *repeat, const char *late)
{
	ck_assert_uint_lt(i, n_rows());
	read_row(i);
	ck_assert_str_eq(cell("probe"), probe);
	ck_assert_uint_eq(number("attempt"), attempt);
	ck_assert_str_eq(cell("reply"), reply);
	ck_assert_str_eq(cell("repeat"), repeat);
	ck_assert_str_eq(cell("late"), late);
}

START_TEST(each_reply_at_once)
{
	struct followup f;
	struct syn syn;

	begin_replies(0);
	request_answered(9, SYNACK(OPTS_COOKIE, 0), &syn);
	check_reply(0, "request", 0, "synack", "", "false");
	check_syn(&syn, "20.000");
	ck_assert_str_eq(cell("cookie"), "3021b9d889017eeb");
	elapse(PLAN_GAP_NS);
	ck_assert(core_send_followup(&core, &f, &syn));
	elapse(CORE_RTT_NS);
	answer(&syn, SEGMENT(0, 50, CORE_DLEN));
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	check_reply(1, "data", 0, "synack", "", "false");
	check_syn(&syn, "20.000");
	ck_assert_uint_eq(number("tfo_acked"), CORE_DLEN);
	ck_assert_uint_eq(number("tfo_synclen"), 8);
	core_send(&core, 10, 0, &syn);
	answer_icmp(&syn, 3, 13);
	check_reply(2, "request", 0, "icmp", "", "false");
	ck_assert_uint_eq(number("icmp_type"), 3);
	ck_assert_uint_eq(number("icmp_code"), 13);
	ck_assert_str_eq(cell("tfo_ack"), "");
	answer(&syn, RESET(0));
	check_reply(3, "request", 0, "rst", "", "false");
	check_syn(&syn, "0.000");
	answer(&syn, SYNACK(OPTS_NONE, 0));
	check_reply(4, "request", 0, "synack", "", "false");
	cookies_flush(&answers.cookies, core.now_ns);
	ck_assert_uint_eq(n_rows(), 5);
	end();
}
END_TEST

START_TEST(repeats_are_told)
{
	struct syn syn;

	begin_replies(0);
	request_answered(9, SYNACK(OPTS_COOKIE, 0), &syn);
	elapse(1000);
	answer(&syn, SYNACK(OPTS_COOKIE, 0));
	check_reply(1, "request", 0, "synack", "duplicate", "false");
	check_syn(&syn, "20.001");
	elapse(EVIDENCE_LATE_NS);
	answer(&syn, SYNACK(OPTS_NONE, 0));
	check_reply(2, "request", 0, "synack", "retransmission", "false");
	elapse(CORE_TIMEOUT_NS);
	answer(&syn, SYNACK(OPTS_NONE, 0));
	check_reply(3, "request", 0, "synack", "retransmission", "true");
	/* Where there is no entry. */
	request_answered(10, SYNACK(OPTS_NONE, 0), &syn);
	answer(&syn, SYNACK(OPTS_NONE, 0));
	check_reply(5, "request", 0, "synack", "duplicate", "false");
	check_syn(&syn, "20.000");
	elapse(CORE_TIMEOUT_NS);
	answer(&syn, SYNACK(OPTS_NONE, 0));
	check_reply(6, "request", 0, "synack", "retransmission", "true");
	check_syn(&syn, "3020.000");
	end();
}
END_TEST

START_TEST(late_replies_are_told)
{
	struct syn syn;

	begin_replies(0);
	core_send(&core, 9, 0, &syn);
	elapse(CORE_TIMEOUT_NS + 1);
	answer(&syn, SYNACK(OPTS_NONE, 0));
	check_reply(0, "request", 0, "synack", "", "true");
	data_sent(10, &syn);
	elapse(CORE_TIMEOUT_NS + 1);
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	check_reply(2, "data", 0, "synack", "", "true");
	check_syn(&syn, "3000.000");
	end();
}
END_TEST

/* Forged and unsent ones leave no row. */
START_TEST(no_row_for_what_is_no_reply)
{
	struct syn syn;

	begin_replies(1);
	core_send(&core, 9, 0, &syn);
	answer(&syn, SYNACK(OPTS_NONE, 1));
	core_craft(&core, order_target(&core.s.facts.order, 9), syn.p.tcp.src, PROBE_REQUEST, 1,
		   NULL,
		   &syn);
	answer(&syn, SYNACK(OPTS_NONE, 0));
	ck_assert_uint_eq(n_rows(), 0);
	end();
}
END_TEST

/* ---- two attempts of one probe, and both are answered -------------------------------------- */

/* Attempts 0 and 1 of the request to position 9 are out; then the round trip of the second. */
static void two_requests(struct syn *first, struct syn *second)
{
	core_send(&core, 9, 0, first);
	elapse(CORE_TIMEOUT_NS);
	core_send(&core, 9, 1, second);
	elapse(CORE_RTT_NS);
}

/* The same of `data`. */
static void two_data(struct syn *first, struct syn *second)
{
	struct followup f;

	data_sent(9, first);
	elapse(CORE_TIMEOUT_NS);
	ck_assert(core_send_followup(&core, &f, second));
	ck_assert_uint_eq(f.attempt, 1);
	elapse(CORE_RTT_NS);
}

/* Whether there is an entry or not: each row tells of the SYN that was answered. */
START_TEST(reply_rows_of_two_attempts)
{
	static const char *const opts[] = { OPTS_NONE, OPTS_COOKIE };
	struct syn first, second;

	begin_replies(1);
	two_requests(&first, &second);
	answer(&first, SYNACK(opts[_i], 0));
	check_reply(0, "request", 0, "synack", "", "true");
	check_syn(&first, "3020.000");
	answer(&second, SYNACK(opts[_i], 0));
	check_reply(1, "request", 1, "synack", "duplicate", "false");
	ck_assert(!*cell("rtt_ms") || strcmp(cell("rtt_ms"), "20.000") == 0);
	check_syn(&second, cell("rtt_ms"));
	end();
}
END_TEST

START_TEST(reply_rows_of_two_resets)
{
	struct syn first, second;

	begin_replies(1);
	two_requests(&first, &second);
	answer(&second, RESET(0));
	check_reply(0, "request", 1, "rst", "", "false");
	check_syn(&second, "20.000");
	answer(&first, RESET(0));
	check_reply(1, "request", 0, "rst", "duplicate", cell("late"));
	ck_assert(!*cell("rtt_ms") || strcmp(cell("rtt_ms"), "3020.000") == 0);
	check_syn(&first, cell("rtt_ms"));
	end();
}
END_TEST

static void begin_targets(void)
{
	begin_with(&(struct core_setup){ .retries = 1 });
}

/* The target's row tells of one SYN and of the answer to that very SYN. */
START_TEST(target_row_of_two_resets)
{
	struct syn first, second;

	begin_targets();
	two_requests(&first, &second);
	answer(&first, RESET(0));
	answer(&second, RESET(0));
	elapse(PLAN_LINGER_NS);
	check_row(9, "closed", 2);
	check_syn(&first, "3020.000");
	end();
}
END_TEST

START_TEST(target_row_of_a_reset_and_icmp)
{
	struct syn first, second;

	begin_targets();
	two_requests(&first, &second);
	answer(&first, RESET(0));
	answer_icmp(&second, 3, 1);
	elapse(PLAN_LINGER_NS);
	check_row(9, "closed", 2);
	check_syn(&first, "3020.000");
	end();
}
END_TEST

/* An answer that tells more is to another attempt: the row is that one's. */
START_TEST(target_row_of_a_reset_and_a_synack)
{
	struct syn first, second;

	begin_targets();
	two_requests(&first, &second);
	answer(&first, RESET(0));
	answer(&second, SYNACK(OPTS_NONE, 0));
	check_row(9, "no-cookie", 2);
	check_syn(&second, cell("rtt_ms"));
	ck_assert(!*cell("rtt_ms") || strcmp(cell("rtt_ms"), "20.000") == 0);
	end();
}
END_TEST

START_TEST(target_row_of_two_synacks_to_data)
{
	struct syn first, second;

	begin_targets();
	two_data(&first, &second);
	answer(&second, SYNACK(OPTS_NONE, CORE_DLEN));
	answer(&first, SYNACK(OPTS_NONE, CORE_DLEN));
	elapse(PLAN_TEARDOWN_DELAY_NS);
	check_row(9, "accepted", 3);
	check_syn(&second, "20.000");
	end();
}
END_TEST

/* `data` decides only by a SYN/ACK, so its flow is looked at in the cookie cache. */
START_TEST(flow_of_two_resets_of_data)
{
	struct syn first, second;
	const struct entry *en;

	begin_targets();
	two_data(&first, &second);
	answer(&first, RESET(0));
	answer(&second, RESET(CORE_DLEN));
	en = cookies_find(&answers.cookies, 9);
	ck_assert_ptr_nonnull(en);
	ck_assert_uint_eq(en->nflows, 2);
	ck_assert_uint_eq(en->flows[1].seq, first.p.tcp.seq);
	ck_assert_uint_eq(en->flows[1].attempt, 0);
	ck_assert_uint_eq(en->flows[1].reply.ack - en->flows[1].seq - 1,
			  en->flows[1].reply.acked);
	end();
}
END_TEST

/* Data of the server to one attempt, a RST to the other. */
START_TEST(flow_of_a_reset_and_early_data)
{
	struct syn first, second;
	const struct entry *en;

	begin_targets();
	two_data(&first, &second);
	answer(&first, RESET(CORE_DLEN));
	answer(&second, SEGMENT(0, 100, CORE_DLEN));
	en = cookies_find(&answers.cookies, 9);
	ck_assert_ptr_nonnull(en);
	ck_assert_uint_eq(en->flows[1].reply.ack - en->flows[1].seq - 1,
			  en->flows[1].reply.acked);
	end();
}
END_TEST

UNIT_SUITE(answer_replies)
{
	TCase *tcase = unit_case(suite, "rows of replies", each_reply_at_once, repeats_are_told,
				 late_replies_are_told, no_row_for_what_is_no_reply,
				 reply_rows_of_two_resets);

	tcase_add_loop_test(tcase, reply_rows_of_two_attempts, 0, 2);
	unit_case(suite, "two attempts", target_row_of_two_resets, target_row_of_a_reset_and_icmp,
		  target_row_of_a_reset_and_a_synack, target_row_of_two_synacks_to_data,
		  flow_of_two_resets_of_data, flow_of_a_reset_and_early_data);
}
