/* trace: what --verbosity 4 logs of a target, line by line. */
#include "unit.h"

#include "answer_rig.h"
#include "base/log.h"
#include "receive/trace.h"

static struct trace trace;
static struct scratch logged;
static char lines[1 << 16];

static void begin_traced(const struct core_setup *o)
{
	struct err e = { "" };

	begin_with(o);
	core.config.records.verbosity = LOG_DEBUG;
	ck_assert(trace_is_wanted(&core.s));
	answers_trace(&answers, &trace);
	scratch_text(&logged, "");
	ck_assert_msg(log_open(logged.path, LOG_DEBUG, &e) == 0, "%s", e.msg);
}

/* What was logged is this: of each line a part, in order, and no line more. */
static void end_logged(const char *const *parts, unsigned int n)
{
	char *line = lines, *end_of_line;
	ssize_t len;

	log_wait(UINT64_MAX / 2);
	log_close();
	len = pread(logged.fd, lines, sizeof(lines) - 1, 0);
	ck_assert_int_ge(len, 0);
	lines[len] = '\0';
	for (unsigned int i = 0; i < n; i++, line = end_of_line + 1) {
		end_of_line = strchr(line, '\n');
		ck_assert_msg(end_of_line != NULL, "not logged: %s", parts[i]);
		*end_of_line = '\0';
		ck_assert_msg(strstr(line, parts[i]) != NULL, "%s\nis not: %s", line, parts[i]);
	}
	ck_assert_msg(*line == '\0', "also logged: %s", line);
	scratch_close(&logged);
	end();
}

#define END_LOGGED(...) \
	end_logged((const char *const[]){ __VA_ARGS__ }, \
		   sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

#define IP "198.18.0.1:443 "

TEST(a_target_that_keeps_its_word)
{
	struct followup f;
	struct syn syn;

	begin_traced(&(struct core_setup){ .target = "198.18.0.1/32" });
	request_answered(0, SYNACK(OPTS_COOKIE, 0), &syn);
	elapse(PLAN_GAP_NS);
	ck_assert(core_send_followup(&core, &f, &syn));
	elapse(CORE_RTT_NS);
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	answer(&syn, SEGMENT(0, 40, CORE_DLEN));
	elapse(PLAN_TEARDOWN_DELAY_NS);
	END_LOGGED(IP "t+0.0000 s: request attempt 0 sent, empty cookie",
		   IP "t+0.0200 s: SYN/ACK to request attempt 0 after 0.0200 s, flags 0x12, "
		 "options 2-34-0, 8-byte cookie, 0 of 0 bytes acknowledged",
		 IP "t+0.0200 s: none -> gap: SYN/ACK, and nothing else is out; next data: does",
		 IP "t+0.0400 s: gap -> under way: the wait is over",
		 IP "t+0.0400 s: data attempt 0 sent, 8-byte cookie, 12 bytes",
		 IP "t+0.0600 s: SYN/ACK to data attempt 0 after 0.0200 s, flags 0x12, "
		 "options 2, no TFO option, 12 of 12 bytes acknowledged",
		 IP "t+0.0600 s: under way -> teardown: SYN/ACK, and nothing else is out",
		 IP "t+0.0600 s: 40 bytes, flags 0x18, after the SYN/ACK to data attempt 0",
		 "198.18.0.1:443: verdict accepted: ",
		 IP "t+0.2600 s: teardown -> done: the wait is over");
}

/* Retries, repeats, late answers and what was not sent; IPv6. */
/* What was sent comes before its answer, though the send thread's word of it comes after. */
TEST(an_answer_that_overtakes)
{
	struct followup f;
	struct entry *en;
	struct syn syn;

	begin_traced(&(struct core_setup){ .target = "198.18.0.1/32" });
	request_answered(0, SYNACK(OPTS_COOKIE, 0), &syn);
	elapse(PLAN_GAP_NS);
	ck_assert(core_send_followup(&core, &f, &syn));
	en = cookies_find(&answers.cookies, 0);
	atomic_fetch_or(en->stamp, STAMP_LEAVING);
	answer(&syn, SYNACK(OPTS_NONE, CORE_DLEN));
	END_LOGGED(IP "t+0.0000 s: request attempt 0 sent, empty cookie",
		   IP "t+0.0200 s: SYN/ACK to request attempt 0 after 0.0200 s",
		   IP "t+0.0200 s: none -> gap: ",
		   IP "t+0.0400 s: gap -> under way: the wait is over",
		   IP "t+0.0400 s: data attempt 0 sent, 8-byte cookie, 12 bytes",
		   IP "t+0.0400 s: SYN/ACK to data attempt 0 after 0.0000 s",
		   IP "t+0.0400 s: under way -> under way: ");
}

TEST(a_target_that_is_slow)
{
	struct syn first, second, unsent;

	begin_traced(&(struct core_setup){ .target = "2001:2::1/128", .retries = 2 });
	core_send(&core, 0, 0, &first);
	elapse(CORE_TIMEOUT_NS);
	core_send(&core, 0, 1, &second);
	elapse(CORE_RTT_NS);
	core_craft(&core, 0, second.p.tcp.src, PROBE_REQUEST, 2, NULL, &unsent);
	answer(&unsent, SYNACK(OPTS_NONE, 0));
	answer_icmp(&first, 1, 1);
	answer(&second, RESET(0));
	answer(&second, RESET(0));
	elapse(PLAN_LINGER_NS);
	END_LOGGED("[2001:2::1]:443 t+0.0000 s: request attempt 0 sent, empty cookie",
		 "t+3.0000 s: request attempt 1 sent, empty cookie",
		 "t+3.0200 s: left out: an answer to request attempt 2, which was not sent",
		 "t+3.0200 s: ICMP error to request attempt 0 after 3.0200 s, type 1 code 1, late",
		 "t+3.0200 s: none -> linger: RST or ICMP error",
		 "t+3.0200 s: RST to request attempt 1 after 0.0200 s, flags 0x14, "
		 "0 of 0 bytes acknowledged",
		 "t+3.0200 s: linger -> linger: RST or ICMP error",
		 "t+3.0200 s: RST to request attempt 1 after 0.0200 s, flags 0x14, "
		 "0 of 0 bytes acknowledged, duplicate",
		 "[2001:2::1]:443: verdict closed: ",
		 "t+4.0200 s: linger -> done: the wait is over");
}

TEST(who_never_answers)
{
	struct syn syn;

	begin_traced(&(struct core_setup){ .target = "198.18.0.1/32" });
	core_send(&core, 0, 0, &syn);
	trace_sent(&trace);
	trace_sent(&trace);
	rows_silent(&answers.rows, 0);
	END_LOGGED(IP "t+0.0000 s: request attempt 0 sent, empty cookie",
		 "198.18.0.1:443: verdict offline: ");
}

/* Each decision comes after what it is drawn from. */
TEST(a_pair)
{
	struct syn syn, request;

	begin_traced(&(struct core_setup){ .target = "198.18.0.1/32", .plan = PLAN_PATH });
	core_send_arm(&core, 0, 0, 0, &syn);
	elapse(PLAN_GAP_NS);
	core_send_arm(&core, 0, 1, 0, &request);
	answer(&syn, SYNACK(OPTS_NONE, 0));
	answer(&request, SYNACK(OPTS_COOKIE, 0));
	END_LOGGED(IP "t+0.0000 s: syn attempt 0 sent",
		   IP "t+0.0200 s: request attempt 0 sent",
		   IP "t+0.0200 s: SYN/ACK to syn attempt 0 after 0.0200 s",
		   IP "t+0.0200 s: none -> sweep: ", IP "t+0.0200 s: sweep -> sweep: ",
		   IP "t+0.0200 s: SYN/ACK to request attempt 0 after 0.0000 s",
		   IP "t+0.0200 s: sweep -> gap: SYN/ACK, and nothing else is out; next data: ");
}

/* Only where it is asked for, and of few. */
TEST(of_few_targets)
{
	begin_traced(&(struct core_setup){ .target = "198.18.0.0/28" });
	core.config.records.verbosity = LOG_INFO;
	ck_assert(!trace_is_wanted(&core.s));
	core.s.facts.order.positions = TRACE_TARGETS_MAX + 1;
	ck_assert(!trace_is_wanted(&core.s));
	core.config.records.verbosity = LOG_DEBUG;
	ck_assert(!trace_is_wanted(&core.s));
	END_LOGGED("16 targets at most: give fewer");
}
