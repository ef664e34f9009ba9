#include "unit.h"

#include "answer_rig.h"

/* ---- one probe ----------------------------------------------------------------------------- */

START_TEST(no_cookie_is_a_row_at_once)
{
	struct syn syn;

	begin_with(&(struct core_setup){ .retries = 2 });
	request_answered(9, SYNACK(OPTS_NONE, 0), &syn);
	check_row(9, "no-cookie", 1);
	check_syn(&syn, "20.000");
	ck_assert_str_eq(cell("reply"), "synack");
	ck_assert_uint_eq(number("tfo_synkind"), 34);
	ck_assert_uint_eq(number("tfo_synclen"), 0);
	ck_assert_str_eq(cell("cookie"), "");
	ck_assert_uint_eq(count(STAT_synacks), 1);
	ck_assert_uint_eq(count(STAT_targets_done), 1);
	ck_assert_uint_eq(count(STAT_cookies), 0);
	/* It is not asked again. */
	ck_assert(!window_retry(&core.s.senders[0].window, 9, 0));
	ck_assert_uint_eq(atomic_load(&core.s.rx.pending), 0);
	end();
}
END_TEST

START_TEST(cookie_is_followed_by_data)
{
	struct followup f;
	struct syn syn;

	begin_with(&(struct core_setup){ .retries = 2 });
	request_answered(9, SYNACK(OPTS_COOKIE, 0), &syn);
	ck_assert_uint_eq(n_rows(), 0);
	ck_assert_uint_eq(count(STAT_synacks), 1);
	ck_assert(!window_retry(&core.s.senders[0].window, 9, 0));
	elapse(PLAN_GAP_NS - 1);
	ck_assert(!core_send_followup(&core, &f, &syn));
	elapse(1);
	ck_assert(core_send_followup(&core, &f, &syn));
	ck_assert(!core_send_followup(&core, &f, &syn));
	elapse(CORE_RTT_NS);
	accept_data(&syn);
	check_row(9, "accepted", 2);
	check_syn(&syn, "20.000");
	ck_assert_uint_eq(number("tfo_synkind"), 34);
	ck_assert_uint_eq(number("tfo_synclen"), 8);
	ck_assert_uint_eq(number("tfo_acked"), CORE_DLEN);
	ck_assert_str_eq(cell("cookie"), "3021b9d889017eeb");
	ck_assert_uint_eq(count(STAT_synacks), 2);
	ck_assert_uint_eq(count(STAT_cookies), 1);
	ck_assert_uint_eq(count(STAT_accepted), 1);
	end();
}
END_TEST

START_TEST(cookie_in_kind_254)
{
	struct followup f;
	struct syn syn;
	struct tcpopts o;

	begin();
	request_answered(9, SYNACK(OPTS_EXP, 0), &syn);
	elapse(PLAN_GAP_NS);
	ck_assert(core_send_followup(&core, &f, &syn));
	tcpopt_parse(&o, syn.p.tcp.opts, syn.p.tcp.opts_len);
	ck_assert_uint_eq(o.tfo.kind, 254);
	ck_assert_uint_eq(o.tfo.len, 8);
	accept_data(&syn);
	check_row(9, "accepted", 2);
	ck_assert_uint_eq(number("tfo_synkind"), 254);
	end();
}
END_TEST

START_TEST(without_payload_no_data)
{
	struct syn syn;

	begin_with(&(struct core_setup){ .no_payload = true });
	request_answered(9, SYNACK(OPTS_COOKIE, 0), &syn);
	check_row(9, "cookie-only", 1);
	end();
}
END_TEST

/* What the answer to `data` makes of the target. */
static const struct {
	const char *opts;
	uint32_t acked;
	const char *verdict;
} outcomes[] = {
	{ OPTS_NONE, CORE_DLEN, "accepted" },
	{ OPTS_OTHER, CORE_DLEN, "accepted" },
	{ OPTS_NONE, CORE_DLEN - 1, "partial" },
	{ OPTS_NONE, 1, "partial" },
	{ OPTS_NONE, 0, "ignored" },
	{ OPTS_COOKIE, 0, "refused" },
	{ OPTS_NONE "2202", 0, "refused" },
};

START_TEST(answers_to_data)
{
	struct syn syn;

	begin();
	data_sent(9, &syn);
	answer(&syn, SYNACK(outcomes[_i].opts, outcomes[_i].acked));
	ck_assert_uint_eq(n_rows(), outcomes[_i].acked == 0);
	elapse(PLAN_TEARDOWN_DELAY_NS);
	check_row(9, outcomes[_i].verdict, 2);
	check_syn(&syn, "0.000");
	elapse(10 * CORE_TIMEOUT_NS);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 0);
	end();
}
END_TEST

START_TEST(refused_once_then_accepted)
{
	struct followup f;
	struct syn syn;

	begin();
	data_sent(9, &syn);
	answer(&syn, SYNACK(OPTS_OTHER, 0));
	ck_assert_uint_eq(n_rows(), 0);
	elapse(PLAN_GAP_NS);
	ck_assert(core_send_followup(&core, &f, &syn));
	elapse(CORE_RTT_NS);
	accept_data(&syn);
	check_row(9, "accepted", 3);
	check_syn(&syn, "20.000");
	ck_assert_str_eq(cell("cookie"), "aabbccddeeff0011");
	ck_assert_uint_eq(count(STAT_cookies), 1);
	end();
}
END_TEST

START_TEST(refused_with_ever_new_cookies)
{
	struct followup f;
	struct syn syn;

	begin();
	data_sent(9, &syn);
	answer(&syn, SYNACK(OPTS_OTHER, 0));
	elapse(PLAN_GAP_NS);
	ck_assert(core_send_followup(&core, &f, &syn));
	answer(&syn, SYNACK(OPTS_THIRD, 0));
	check_row(9, "refused", 3);
	elapse(10 * CORE_TIMEOUT_NS);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 0);
	end();
}
END_TEST

START_TEST(silent_data_is_second_blocked)
{
	struct followup f;
	struct syn syn;

	begin();
	data_sent(9, &syn);
	for (int i = 1; i < 3; i++) {
		elapse(CORE_TIMEOUT_NS);
		ck_assert_uint_eq(n_rows(), 0);
		ck_assert(core_send_followup(&core, &f, &syn));
		ck_assert_uint_eq(f.attempt, i);
	}
	elapse(CORE_TIMEOUT_NS);
	check_row(9, "second-blocked", 4);
	ck_assert_uint_eq(number("tfo_dlen"), 0);	/* of the request, whose cookie was used */
	/* An answer that comes now is counted, and changes nothing. */
	elapse(1);
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	elapse(CORE_TIMEOUT_NS);
	ck_assert_uint_eq(n_rows(), 1);
	ck_assert_uint_eq(count(STAT_late), 1);
	ck_assert_uint_eq(count(STAT_targets_done), 1);
	ck_assert_uint_eq(count(STAT_accepted), 0);
	end();
}
END_TEST

/* ---- RST and ICMP -------------------------------------------------------------------------- */

START_TEST(closed_after_lingering)
{
	struct syn syn;

	begin_with(&(struct core_setup){ .retries = 2 });
	request_answered(9, RESET(0), &syn);
	ck_assert_uint_eq(n_rows(), 0);
	ck_assert(!window_retry(&core.s.senders[0].window, 9, 0));
	elapse(PLAN_LINGER_NS);
	check_row(9, "closed", 1);
	check_syn(&syn, "20.000");
	ck_assert_str_eq(cell("reply"), "rst");
	ck_assert_uint_eq(count(STAT_rsts), 1);
	end();
}
END_TEST

START_TEST(synack_after_a_reset)
{
	struct syn syn;

	begin();
	request_answered(9, RESET(0), &syn);
	elapse(PLAN_LINGER_NS / 2);
	answer(&syn, SYNACK(OPTS_NONE, 0));
	check_row(9, "no-cookie", 1);
	check_syn(&syn, "520.000");
	ck_assert_str_eq(cell("reply"), "synack");
	elapse(PLAN_LINGER_NS);
	ck_assert_uint_eq(n_rows(), 1);
	end();
}
END_TEST

START_TEST(synack_after_a_reset_of_data)
{
	struct syn syn;

	begin();
	data_sent(9, &syn);
	elapse(CORE_RTT_NS);
	answer(&syn, RESET(0));
	elapse(CORE_RTT_NS);
	accept_data(&syn);
	check_row(9, "accepted", 2);
	check_syn(&syn, "40.000");
	end();
}
END_TEST

START_TEST(reset_after_a_synack)
{
	struct syn syn;

	begin();
	data_sent(9, &syn);
	answer(&syn, SYNACK(OPTS_OTHER, 0));
	answer(&syn, RESET(CORE_DLEN));		/* while its entry is there */
	elapse(PLAN_GAP_NS);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 1);
	request_answered(10, SYNACK(OPTS_NONE, 0), &syn);
	answer(&syn, RESET(0));			/* and where there is none */
	check_row(10, "no-cookie", 1);
	ck_assert_uint_eq(count(STAT_rsts), 2);
	ck_assert_uint_eq(count(STAT_duplicates) + count(STAT_retransmissions), 0);
	end();
}
END_TEST

START_TEST(icmp_alone_and_before_a_reset)
{
	struct syn syn;

	begin();
	core_send(&core, 9, 0, &syn);
	answer_icmp(&syn, 3, 13);
	elapse(PLAN_LINGER_NS);
	check_row(9, "unreachable", 1);
	ck_assert_str_eq(cell("reply"), "icmp");
	ck_assert_uint_eq(count(STAT_icmps), 1);
	core_send(&core, 10, 0, &syn);
	answer_icmp(&syn, 3, 13);
	answer(&syn, RESET(0));
	answer_icmp(&syn, 3, 13);
	elapse(PLAN_LINGER_NS);
	ck_assert_uint_eq(n_rows(), 2);
	read_row(1);
	ck_assert_str_eq(cell("verdict"), "closed");
	check_syn(&syn, "0.000");
	end();
}
END_TEST

/* Quotes the SYN as it was once its TFO option had been overwritten. */
static void quote_stripped(const struct syn *syn)
{
	struct syn bare = *syn;
	uint8_t *opts = bare.frame + (syn->p.tcp.opts - syn->frame);
	uint8_t at = 0;

	while (opts[at] != TFO_KIND)
		at += opts[at] == TCPOPT_KIND_NOP ? 1 : opts[at + 1];
	memset(opts + at, TCPOPT_KIND_NOP, opts[at + 1]);
	answer_icmp(&bare, 11, 0);
}

START_TEST(stripped_quote_before_a_synack)
{
	struct syn syn;

	begin();
	core_send(&core, 9, 0, &syn);
	quote_stripped(&syn);
	answer(&syn, SYNACK(OPTS_NONE, 0));
	check_row(9, "no-cookie", 1);
	ck_assert_str_eq(cell("reply"), "synack");
	ck_assert_str_eq(cell("signals"), "option-stripped");
	core_send(&core, 10, 0, &syn);
	answer_icmp(&syn, 11, 0);		/* as it was sent */
	answer(&syn, SYNACK(OPTS_NONE, 0));
	read_row(1);
	ck_assert_str_eq(cell("signals"), "");
	end();
}
END_TEST

START_TEST(stripped_quote_after_a_synack)
{
	struct syn syn;

	begin();
	data_sent(9, &syn);
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	quote_stripped(&syn);
	elapse(PLAN_TEARDOWN_DELAY_NS);
	check_row(9, "accepted", 2);
	ck_assert_str_eq(cell("reply"), "synack");
	ck_assert_str_eq(cell("signals"), "option-stripped");
	end();
}
END_TEST

/* ---- what is not an answer ----------------------------------------------------------------- */

/* More acknowledged than was sent: whoever says so did not see the SYN. */
START_TEST(forged_acknowledgments)
{
	struct syn syn;

	begin();
	core_send(&core, 9, 0, &syn);
	answer(&syn, SYNACK(OPTS_COOKIE, 1));
	answer(&syn, SYNACK(OPTS_COOKIE, PAYLOAD_MAX));
	answer(&syn, RESET(CORE_DLEN));
	ck_assert_uint_eq(count(STAT_drop_unmatched), 3);
	data_sent(10, &syn);
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN + 1));
	answer(&syn, RESET(CORE_DLEN + 1));
	answer(&syn, SEGMENT(0, 100, CORE_DLEN + 1));
	ck_assert_uint_eq(count(STAT_drop_unmatched), 6);
	ck_assert_uint_eq(count(STAT_early_data), 0);
	ck_assert_uint_eq(count(STAT_synacks), 1);
	ck_assert_uint_eq(count(STAT_rsts), 0);
	ck_assert_uint_eq(n_rows(), 0);
	/* 9 may still be asked again; 10 still answers. */
	ck_assert_uint_eq(window_status(&core.s.senders[0].window, 9), 1);
	accept_data(&syn);
	check_row(10, "accepted", 2);
	end();
}
END_TEST

START_TEST(answers_to_what_was_not_sent)
{
	uint64_t x;
	struct syn syn;
	uint8_t bytes[WIRE_MAX];

	begin_with(&(struct core_setup){ .retries = 2 });
	core_send(&core, 9, 0, &syn);
	x = order_target(&core.s.facts.order, 9);
	core_craft(&core, x, syn.p.tcp.src, PROBE_REQUEST, 1, NULL, &syn);
	answer(&syn, SYNACK(OPTS_COOKIE, 0));
	ck_assert_uint_eq(count(STAT_drop_unsent), 1);
	ck_assert_uint_eq(window_status(&core.s.senders[0].window, 9), 1);
	ck_assert_ptr_null(cookies_find(&answers.cookies, 9));
	/* `data` before its time, to a target in the cookie cache. */
	request_answered(10, SYNACK(OPTS_COOKIE, 0), &syn);
	x = order_target(&core.s.facts.order, 10);
	core_craft(&core, x, syn.p.tcp.src, PROBE_DATA, 0, NULL, &syn);
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	ck_assert_uint_eq(count(STAT_drop_unsent), 2);
	ck_assert_uint_eq(n_rows(), 0);
	/* A position that the sweep has not reached. */
	x = order_target(&core.s.facts.order, 11);
	core_craft(&core, x, syn.p.tcp.src, PROBE_REQUEST, 0, NULL, &syn);
	ck_assert(!take(bytes, core_answer(&syn, SYNACK(OPTS_NONE, 0), bytes)));
	end();
}
END_TEST

/* ---- again, and late ----------------------------------------------------------------------- */

START_TEST(doubled_and_retransmitted)
{
	struct syn syn;

	begin();
	request_answered(9, SYNACK(OPTS_COOKIE, 0), &syn);
	answer(&syn, SYNACK(OPTS_COOKIE, 0));
	ck_assert_uint_eq(count(STAT_duplicates), 1);
	elapse(EVIDENCE_LATE_NS);
	answer(&syn, SYNACK(OPTS_NONE, 0));	/* without options, as servers do */
	ck_assert_uint_eq(count(STAT_retransmissions), 1);
	ck_assert_uint_eq(count(STAT_synacks), 1);
	ck_assert_uint_eq(n_rows(), 0);
	cookies_flush(&answers.cookies, core.now_ns);
	check_row(9, "cookie-only", 1);
	ck_assert_str_eq(cell("cookie"), "3021b9d889017eeb");
	/* The row is written: it stays the only one. */
	answer(&syn, SYNACK(OPTS_NONE, 0));
	answer(&syn, RESET(0));
	ck_assert_uint_eq(count(STAT_retransmissions), 2);
	ck_assert_uint_eq(count(STAT_rsts), 1);
	ck_assert_uint_eq(n_rows(), 1);
	ck_assert_uint_eq(count(STAT_targets_done), 1);
	end();
}
END_TEST

START_TEST(late_answer_is_an_answer)
{
	struct syn syn;

	begin();
	core_send(&core, 9, 0, &syn);
	elapse(CORE_TIMEOUT_NS);
	core_send(&core, 10, 0, &syn);
	elapse(CORE_TIMEOUT_NS);
	answer(&syn, SYNACK(OPTS_NONE, 0));	/* at the last moment */
	ck_assert_uint_eq(count(STAT_late), 0);
	core_send(&core, 11, 0, &syn);
	elapse(CORE_TIMEOUT_NS + 1);
	answer(&syn, SYNACK(OPTS_NONE, 0));
	ck_assert_uint_eq(count(STAT_late), 1);
	ck_assert_uint_eq(n_rows(), 2);
	read_row(1);
	check_syn(&syn, "3000.000");
	ck_assert_str_eq(cell("verdict"), "unknown");
	data_sent(12, &syn);
	elapse(CORE_TIMEOUT_NS + 1);
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	ck_assert_uint_eq(count(STAT_late), 2);
	end();
}
END_TEST

/* Two requests are out when the first one is answered: both count, and the times are its own. */
START_TEST(first_attempt_answered_after_the_second)
{
	struct syn first, second;

	begin_with(&(struct core_setup){ .retries = 2 });
	core_send(&core, 9, 0, &first);
	elapse(CORE_TIMEOUT_NS);
	core_send(&core, 9, 1, &second);
	elapse(CORE_RTT_NS);
	answer(&first, SYNACK(OPTS_NONE, 0));
	check_row(9, "unknown", 2);
	check_syn(&first, "3020.000");
	answer(&second, SYNACK(OPTS_COOKIE, 0));
	ck_assert_uint_eq(n_rows(), 1);
	ck_assert_uint_eq(count(STAT_late), 1);
	ck_assert_uint_eq(count(STAT_duplicates), 1);
	end();
}
END_TEST

START_TEST(second_attempt_answered)
{
	struct syn first, second;

	begin_with(&(struct core_setup){ .retries = 2 });
	core_send(&core, 9, 0, &first);
	elapse(CORE_TIMEOUT_NS);
	core_send(&core, 9, 1, &second);
	elapse(CORE_RTT_NS);
	answer(&second, SYNACK(OPTS_NONE, 0));
	check_row(9, "no-cookie", 2);
	check_syn(&second, "20.000");
	ck_assert_uint_eq(count(STAT_late), 0);
	end();
}
END_TEST

UNIT_SUITE(answer)
{
	TCase *tcase = unit_case(suite, "one target", no_cookie_is_a_row_at_once,
				 cookie_is_followed_by_data, cookie_in_kind_254,
				 without_payload_no_data, refused_once_then_accepted,
				 refused_with_ever_new_cookies, silent_data_is_second_blocked);

	tcase_add_loop_test(tcase, answers_to_data, 0, sizeof(outcomes) / sizeof(outcomes[0]));
	unit_case(suite, "resets", closed_after_lingering, synack_after_a_reset,
		  synack_after_a_reset_of_data, reset_after_a_synack,
		  icmp_alone_and_before_a_reset, stripped_quote_before_a_synack,
		  stripped_quote_after_a_synack);
	unit_case(suite, "no answers", forged_acknowledgments, answers_to_what_was_not_sent);
	unit_case(suite, "again", doubled_and_retransmitted, late_answer_is_an_answer,
		  first_attempt_answered_after_the_second, second_attempt_answered);
}
