/* answer: what finds no room, early data, clean-up, silent targets. */
#include "unit.h"

#include "answer_rig.h"

/* ---- full ---------------------------------------------------------------------------------- */

/* What finds no room is counted; its target can still be asked, and answer, again. */
START_TEST(table_full)
{
	struct syn syn, held[4];

	begin_with(&(struct core_setup){ .slots = 4, .retries = 2 });
	for (uint64_t k = 0; k < 4; k++)
		request_answered(k, SYNACK(OPTS_COOKIE, 0), &held[k]);
	request_answered(4, SYNACK(OPTS_COOKIE, 0), &syn);
	request_answered(5, RESET(0), &syn);
	ck_assert_uint_eq(count(STAT_table_full), 2);
	ck_assert_uint_eq(count(STAT_synacks), 4);
	ck_assert_uint_eq(window_status(&core.s.senders[0].window, 4), 1 | WINDOW_UNKNOWN);
	ck_assert_uint_eq(window_status(&core.s.senders[0].window, 5), 1 | WINDOW_UNKNOWN);
	/* What needs no room gets its row. */
	request_answered(6, SYNACK(OPTS_NONE, 0), &syn);
	check_row(6, "no-cookie", 1);
	cookies_flush(&answers.cookies, core.now_ns);
	ck_assert_uint_eq(n_rows(), 5);
	core_send(&core, 4, 1, &syn);
	answer(&syn, SYNACK(OPTS_COOKIE, 0));
	cookies_flush(&answers.cookies, core.now_ns);
	ck_assert_uint_eq(n_rows(), 6);
	read_row(5);
	check_syn(&syn, "0.000");
	ck_assert_uint_eq(number("probes"), 2);
	ck_assert_uint_eq(count(STAT_table_full), 2);
	end();
}
END_TEST

START_TEST(ring_full)
{
	struct followup f;
	struct syn syn;

	begin_with(&(struct core_setup){ .ring = 2 });
	for (uint64_t k = 0; k < 9; k++)
		request_answered(k, SYNACK(OPTS_COOKIE, 0), &syn);
	for (unsigned int n = 0; n < 9; n++) {
		elapse(PLAN_GAP_NS);
		ck_assert(core_send_followup(&core, &f, &syn));
		answer(&syn, SYNACK(OPTS_NONE, 0));
		ck_assert_uint_eq(n_rows(), n + 1);
		read_row(n);
		check_syn(&syn, "0.000");
	}
	end();
}
END_TEST

START_TEST(max_results)
{
	struct syn syn;

	begin();
	core.config.rate.max_results = 3;
	data_sent(0, &syn);
	for (uint64_t k = 1; k < 4; k++) {
		struct syn other;

		ck_assert(!rows_full(&answers.rows));
		request_answered(k, SYNACK(OPTS_NONE, 0), &other);
	}
	ck_assert(rows_full(&answers.rows));
	ck_assert(atomic_load(&core.s.rx.full));
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	cookies_flush(&answers.cookies, core.now_ns);
	ck_assert_uint_eq(n_rows(), 3);
	end();
}
END_TEST

START_TEST(max_results_of_replies)
{
	struct syn syn;

	begin_as(&(struct core_setup){ .retries = 0 }, ROWS_REPLY, REPORT_ANSWERED);
	core.config.rate.max_results = 2;
	request_answered(0, SYNACK(OPTS_NONE, 0), &syn);
	ck_assert(!rows_full(&answers.rows));
	answer(&syn, SYNACK(OPTS_NONE, 0));
	ck_assert(rows_full(&answers.rows));
	answer(&syn, SYNACK(OPTS_NONE, 0));
	ck_assert_uint_eq(n_rows(), 2);
	end();
}
END_TEST

/* ---- data before any ACK of ours ----------------------------------------------------------- */

/* In any order, before the SYN/ACK and behind it, and some of it twice: each byte counts once. */
START_TEST(early_data)
{
	struct syn syn;

	begin();
	data_sent(9, &syn);
	answer(&syn, SEGMENT(80, 80, CORE_DLEN));	/* overtook the SYN/ACK */
	ck_assert_uint_eq(n_rows(), 0);
	elapse(CORE_RTT_NS);
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	answer(&syn, SEGMENT(0, 80, CORE_DLEN));
	answer(&syn, SEGMENT(160, 80, CORE_DLEN));
	answer(&syn, SEGMENT(0, 80, CORE_DLEN));
	elapse(PLAN_TEARDOWN_DELAY_NS - 1);
	ck_assert_uint_eq(n_rows(), 0);
	answer(&syn, SEGMENT(240, 1, CORE_DLEN));
	elapse(1);
	check_row(9, "accepted", 2);
	check_syn(&syn, "20.000");
	ck_assert_uint_eq(number("rlen"), 241);
	/* Its row is written: counted only. */
	answer(&syn, SEGMENT(241, 80, CORE_DLEN));
	ck_assert_uint_eq(count(STAT_early_data), 6);
	ck_assert_uint_eq(n_rows(), 1);
	end();
}
END_TEST

START_TEST(data_on_the_synack)
{
	struct syn syn;

	begin();
	data_sent(9, &syn);
	answer(&syn, SYNACK_DATA(OPTS_NONE, CORE_DLEN, 100));
	answer(&syn, SEGMENT(100, 50, CORE_DLEN));
	answer(&syn, SEGMENT(0, 100, CORE_DLEN));
	elapse(PLAN_TEARDOWN_DELAY_NS);
	check_row(9, "accepted", 2);
	ck_assert_uint_eq(number("rlen"), 150);
	/* What comes again, behind it, makes it no less. */
	data_sent(10, &syn);
	answer(&syn, SYNACK_DATA(OPTS_NONE, CORE_DLEN, 100));
	answer(&syn, SEGMENT(0, 40, CORE_DLEN));
	elapse(PLAN_TEARDOWN_DELAY_NS);
	read_row(1);
	ck_assert_uint_eq(number("rlen"), 100);
	end();
}
END_TEST

/* Of the flow that it belongs to: what came with a refusal is not the second flow's. */
START_TEST(early_data_of_each_flow)
{
	struct followup f;
	struct syn syn;

	begin();
	data_sent(9, &syn);
	answer(&syn, SYNACK(OPTS_OTHER, 0));
	answer(&syn, SEGMENT(0, 500, 0));
	elapse(PLAN_GAP_NS);
	ck_assert(core_send_followup(&core, &f, &syn));
	answer(&syn, SEGMENT(0, 7, CORE_DLEN));
	accept_data(&syn);
	check_row(9, "accepted", 3);
	ck_assert_uint_eq(number("rlen"), 7);
	end();
}
END_TEST

/* Data is no answer: who sends nothing else is silent. */
START_TEST(data_alone)
{
	struct followup f;
	struct syn syn;

	begin();
	data_sent(9, &syn);
	answer(&syn, SEGMENT(0, 100, CORE_DLEN));
	for (int i = 0; i < 2; i++) {
		elapse(CORE_TIMEOUT_NS);
		ck_assert(core_send_followup(&core, &f, &syn));
	}
	elapse(CORE_TIMEOUT_NS);
	check_row(9, "second-blocked", 4);
	end();
}
END_TEST

/* ---- clean-up ------------------------------------------------------------------------------ */

static void begin_tearing_down(const struct core_setup *o)
{
	begin_with(o);
	core.s.facts.tears_down = true;
	answers_free(&answers);
	ck_assert_int_eq(answers_init(&answers, &core.s, sink, NULL, NULL), 0);
}

/* What a SYN/ACK opened is reset, by its ack number. */
START_TEST(clean_up)
{
	struct cleanup c;
	struct syn syn;

	begin_tearing_down(&(struct core_setup){ .retries = 0 });
	request_answered(9, SYNACK(OPTS_NONE, 0), &syn);
	ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
	ck_assert(addr_eq(c.src, syn.p.tcp.src) && addr_eq(c.dst, syn.p.tcp.dst));
	ck_assert_uint_eq(c.sport, syn.p.tcp.sport);
	ck_assert_uint_eq(c.dport, 443);
	ck_assert_uint_eq(c.seq, syn.p.tcp.seq + 1);
	answer(&syn, SYNACK(OPTS_NONE, 0));	/* the reset was lost: once more */
	ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
	answer(&syn, SYNACK(OPTS_NONE, 0));	/* but nobody draws a third */
	ck_assert(!ring_pop(&core.s.senders[0].cleanups, &c));
	data_sent(10, &syn);
	ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
	/* Data was taken: acknowledged and then reset, when the server has said what it says. */
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	ck_assert(!ring_pop(&core.s.senders[0].cleanups, &c));
	answer(&syn, SEGMENT(0, 100, CORE_DLEN));
	elapse(PLAN_TEARDOWN_DELAY_NS);
	ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
	ck_assert(c.acknowledge);
	ck_assert_uint_eq(c.seq, syn.p.tcp.seq + 1 + CORE_DLEN);
	ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
	ck_assert(!c.acknowledge);
	ck_assert_uint_eq(c.seq, syn.p.tcp.seq + 1 + CORE_DLEN);
	/* Nothing was opened. */
	core_send(&core, 11, 0, &syn);
	answer(&syn, SYNACK(OPTS_NONE, 1));
	answer(&syn, RESET(0));
	answer_icmp(&syn, 3, 1);
	ck_assert(!ring_pop(&core.s.senders[0].cleanups, &c));
	end();
}
END_TEST

/*
 * The answer overtakes the send thread's word that its SYN is out: the connection is closed as any
 * that took data, once. So is that of a second try, which is answered, too.
 */
START_TEST(clean_up_of_an_early_answer)
{
	struct cleanup c;
	struct followup f;
	struct syn first, second;

	begin_tearing_down(&(struct core_setup){ .retries = 0 });
	request_answered(9, SYNACK(OPTS_COOKIE, 0), &first);
	ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
	elapse(PLAN_GAP_NS);
	ck_assert(core_send_followup(&core, &f, &first));
	elapse(CORE_TIMEOUT_NS);
	ck_assert(core_send_followup(&core, &f, &second));
	atomic_store(&core.s.stamps[f.slot], core.now_ns | STAMP_LEAVING);
	answer(&second, SYNACK(OPTS_NONE, CORE_DLEN));
	ck_assert(!ring_pop(&core.s.senders[0].cleanups, &c));
	atomic_store(&core.s.stamps[f.slot], core.now_ns);
	elapse(1);
	answer(&first, SYNACK(OPTS_NONE, CORE_DLEN));
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
		ck_assert_uint_eq(c.sport, first.p.tcp.sport);
		ck_assert_uint_eq(c.acknowledge, i == 0);
	}
	elapse(PLAN_TEARDOWN_DELAY_NS);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
		ck_assert_uint_eq(c.sport, second.p.tcp.sport);
		ck_assert_uint_eq(c.acknowledge, i == 0);
	}
	ck_assert(!ring_pop(&core.s.senders[0].cleanups, &c));
	check_row(9, "accepted", 3);
	end();
}
END_TEST

/* Of two probes of one sweep both may take data: each is closed so, once both have settled. */
START_TEST(clean_up_of_a_pair)
{
	struct cleanup c;
	struct syn request, blind;

	begin_tearing_down(&(struct core_setup){
		.sweep = 1u << PROBE_REQUEST | 1u << PROBE_BLIND,
	});
	core_send_arm(&core, 0, 0, 0, &request);
	core_send_arm(&core, 0, 1, 0, &blind);
	ck_assert_uint_eq(blind.p.tcp.payload_len, CORE_DLEN);
	answer(&blind, SYNACK(OPTS_NONE, CORE_DLEN));
	answer(&blind, SYNACK(OPTS_NONE, CORE_DLEN));	/* sent again while the other is awaited */
	answer(&blind, SEGMENT(0, 100, CORE_DLEN));
	ck_assert(!ring_pop(&core.s.senders[0].cleanups, &c));
	answer(&request, SYNACK(OPTS_NONE, 0));
	ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
	ck_assert(!c.acknowledge);
	ck_assert_uint_eq(c.sport, request.p.tcp.sport);
	elapse(PLAN_TEARDOWN_DELAY_NS);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
		ck_assert_uint_eq(c.sport, blind.p.tcp.sport);
		ck_assert_uint_eq(c.acknowledge, i == 0);
	}
	ck_assert(!ring_pop(&core.s.senders[0].cleanups, &c));
	check_row(0, "no-cookie", 2);
	answer(&blind, SYNACK(OPTS_NONE, CORE_DLEN));	/* that was lost: both once more */
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert(ring_pop(&core.s.senders[0].cleanups, &c));
		ck_assert_uint_eq(c.acknowledge, i == 0);
	}
	end();
}
END_TEST

/* However often a target repeats itself: two resets for each SYN that it took. */
START_TEST(resets_are_bounded)
{
	struct cleanup c;
	struct syn syn;
	unsigned int n = 0;

	begin_tearing_down(&(struct core_setup){ .retries = 0 });
	data_sent(9, &syn);
	for (unsigned int i = 0; i < 10; i++)
		answer(&syn, SYNACK(OPTS_NONE, 0));
	check_row(9, "ignored", 2);
	while (ring_pop(&core.s.senders[0].cleanups, &c))
		n++;
	ck_assert_uint_eq(n, 2 * 2);
	end();
}
END_TEST

/* A capture that is read: nothing is sent. */
START_TEST(clean_up_of_a_capture)
{
	struct cleanup c;
	struct syn syn;

	begin();
	request_answered(9, SYNACK(OPTS_NONE, 0), &syn);
	ck_assert(!ring_pop(&core.s.senders[0].cleanups, &c));
	end();
}
END_TEST

START_TEST(clean_up_without_room)
{
	struct syn syn;

	begin_tearing_down(&(struct core_setup){ .ring = 2 });
	for (uint64_t k = 0; k < 5; k++)
		request_answered(k, SYNACK(OPTS_NONE, 0), &syn);
	ck_assert_uint_eq(count(STAT_cleanup_lost), 3);
	ck_assert_uint_eq(n_rows(), 5);
	end();
}
END_TEST

/* ---- silent targets, and slots that were given up ------------------------------------------ */

START_TEST(silent_row)
{
	struct syn syn;

	begin_as(&(struct core_setup){ .retries = 2 }, ROWS_TARGET, REPORT_ALL);
	core_send(&core, 9, 0, &syn);
	for (uint8_t attempt = 1; attempt < 3; attempt++) {
		struct syn again;

		elapse(CORE_TIMEOUT_NS);
		core_send(&core, 9, attempt, &again);
	}
	elapse(CORE_TIMEOUT_NS);
	rows_silent(&answers.rows, 9);
	check_row(9, "offline", 3);
	ck_assert_str_eq(cell("reply"), "none");
	ck_assert_uint_eq(number("tfo_seq"), syn.p.tcp.seq);
	ck_assert_uint_eq(number("source_port"), syn.p.tcp.sport);
	ck_assert_str_eq(cell("tfo_ack"), "");
	ck_assert_str_ne(cell("time_sent"), "");
	end();
}
END_TEST

/* All positions up to the window's end were given up. */
static void give_up_slots(void)
{
	atomic_store(&core.s.senders[0].window.floor, 1024);
}

/* A position that was given up is no new target: it may have its row. Nothing is sent to it. */
START_TEST(answer_to_a_recycled_slot)
{
	struct cleanup c;
	struct syn syn;

	begin_tearing_down(&(struct core_setup){ .retries = 0 });
	core_send(&core, 9, 0, &syn);
	give_up_slots();
	elapse(CORE_TIMEOUT_NS + CORE_RTT_NS);
	answer(&syn, SYNACK(OPTS_COOKIE, 0));
	answer(&syn, RESET(0));
	ck_assert_uint_eq(count(STAT_late), 2);
	ck_assert_uint_eq(count(STAT_expired), 2);
	ck_assert_uint_eq(count(STAT_synacks), 0);
	elapse(PLAN_GAP_NS);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 0);
	ck_assert(!ring_pop(&core.s.senders[0].cleanups, &c));
	cookies_flush(&answers.cookies, core.now_ns);
	ck_assert_uint_eq(n_rows(), 0);
	end();
}
END_TEST

START_TEST(silent_row_stays_the_only_one)
{
	struct syn syn;

	begin_as(&(struct core_setup){ .retries = 0 }, ROWS_TARGET, REPORT_ALL);
	core_send(&core, 9, 0, &syn);
	core_send(&core, 10, 0, &syn);
	elapse(CORE_TIMEOUT_NS);
	rows_silent(&answers.rows, 10);
	elapse(1);
	answer(&syn, SYNACK(OPTS_COOKIE, 0));
	give_up_slots();
	answer(&syn, SYNACK(OPTS_COOKIE, 0));
	check_row(10, "offline", 1);
	ck_assert_uint_eq(count(STAT_late), 2);
	ck_assert_uint_eq(atomic_load(&core.s.rx.pending), 0);
	end();
}
END_TEST

/* ---- IPv6 ---------------------------------------------------------------------------------- */

START_TEST(ipv6)
{
	struct syn syn;

	begin_with(&(struct core_setup){ .target = "2001:2::/120" });
	data_sent(9, &syn);
	ck_assert(!addr_is_v4(syn.p.tcp.dst));
	elapse(CORE_RTT_NS);
	accept_data(&syn);
	check_row(9, "accepted", 2);
	check_syn(&syn, "20.000");
	core_send(&core, 10, 0, &syn);
	answer_icmp(&syn, 1, 1);
	elapse(PLAN_LINGER_NS);
	ck_assert_uint_eq(n_rows(), 2);
	read_row(1);
	ck_assert_str_eq(cell("verdict"), "unreachable");
	end();
}
END_TEST

UNIT_SUITE(answer_more)
{
	unit_case(suite, "full", table_full, ring_full, max_results, max_results_of_replies);
	unit_case(suite, "early data", early_data, data_on_the_synack, early_data_of_each_flow,
		  data_alone);
	unit_case(suite, "clean-up", clean_up, clean_up_of_a_pair,
		  clean_up_of_an_early_answer, resets_are_bounded, clean_up_of_a_capture,
		  clean_up_without_room);
	unit_case(suite, "silent", silent_row, answer_to_a_recycled_slot,
		  silent_row_stays_the_only_one);
	unit_case(suite, "IPv6", ipv6);
}
