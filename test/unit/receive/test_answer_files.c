/* answer: cookies of a file, and saved captures. */
#include "unit.h"

#include "answer_rig.h"
#include "receive/sent.h"
#include "state/cookie_store.h"
#include "state/cookiefile.h"
#include "state/cookiefile_load.h"

#define COOKIE_HEADER	"source_ip,ip,port,kind,cookie,time\n"

static void address_of(uint64_t k, char text[static ADDR_STRLEN])
{
	addr_format(targets_at(core.targets, order_target(&core.s.facts.order, k)).ip, text);
}

/* ---- cookies of a file --------------------------------------------------------------------- */

static struct cookie_store *store;
static struct scratch store_file;

/* Position k's cookie is known from an earlier run. */
static void begin_with_cookie(uint64_t k, enum config_report report)
{
	char text[256], ip[ADDR_STRLEN];
	struct err e = { "" };

	begin_as(&(struct core_setup){ .retries = 0 }, ROWS_TARGET, report);
	address_of(k, ip);
	snprintf(text, sizeof(text), COOKIE_HEADER
		 "198.19.0.1,%s,443,34,0102030405060708,2026-01-01T00:00:00Z\n", ip);
	scratch_text(&store_file, text);
	ck_assert_msg(cookiefile_load(&store, store_file.path, UINT64_MAX, &e) == 0, "%s", e.msg);
	core.s.facts.store = store;
}

static void end_with_cookie(void)
{
	end();
	cookie_store_free(store);
	scratch_close(&store_file);
}

/* The sweep sends `data` to position k at once. */
static void send_stored(uint64_t k, struct syn *syn)
{
	uint64_t x = order_target(&core.s.facts.order, k);
	struct target t = targets_at(core.targets, x);
	struct tfo_option cookie;

	ck_assert(cookie_store_find(store, core.s.facts.sources[0][0].addr, t.ip, t.port, &cookie,
				    NULL));
	core_send(&core, k, 0, syn);
	core_craft(&core, x, core.s.facts.sources[0][0].addr, PROBE_DATA, 0, &cookie, syn);
}

TEST(stored_cookie_accepted)
{
	struct syn syn;

	begin_with_cookie(9, REPORT_ANSWERED);
	send_stored(9, &syn);
	elapse(CORE_RTT_NS);
	accept_data(&syn);
	check_row(9, "accepted", 1);
	check_syn(&syn);
	ck_assert_str_eq(cell("rtt_ms"), "20.000");
	ck_assert_uint_eq(number("tfo_synclen"), 8);
	end_with_cookie();
}

TEST(stored_cookie_refused)
{
	struct followup f;
	struct syn syn;

	begin_with_cookie(9, REPORT_ANSWERED);
	send_stored(9, &syn);
	answer(&syn, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	ck_assert(core_send_followup(&core, &f, &syn));
	ck_assert_uint_eq(f.attempt, 3);
	elapse(CORE_RTT_NS);
	accept_data(&syn);
	check_row(9, "accepted", 2);
	check_syn(&syn);
	ck_assert_str_eq(cell("rtt_ms"), "20.000");
	end_with_cookie();
}

TEST(stored_cookie_silent)
{
	struct syn syn;

	begin_with_cookie(9, REPORT_ALL);
	send_stored(9, &syn);
	elapse(CORE_TIMEOUT_NS);
	rows_silent(&answers.rows, 9);
	check_row(9, "offline", 1);
	ck_assert_uint_eq(number("tfo_seq"), syn.p.tcp.seq);
	ck_assert_uint_eq(number("tfo_dlen"), CORE_DLEN);
	ck_assert_uint_eq(number("tfo_synclen"), 8);
	end_with_cookie();
}

/* Every usable cookie that comes is appended: the first, and the new one of a refusal. */
TEST(cookies_are_kept)
{
	char ip[ADDR_STRLEN], text[1024] = "", want[1024];
	struct cookiefile *log;
	struct scratch file;
	struct err e = { "" };
	struct syn syn;

	begin();
	address_of(9, ip);
	scratch_text(&file, "");
	ck_assert_msg(cookiefile_open(&log, file.path, &e) == 0, "%s", e.msg);
	answers.cookie_log = log;
	data_sent(9, &syn);
	answer(&syn, SYNACK(OPTS_OTHER, 0));
	answer(&syn, SYNACK(OPTS_THIRD, 0));	/* a repeat counts for nothing */
	request_answered(10, SYNACK(OPTS_NONE, 0), &syn);
	request_answered(11, RESET(0), &syn);
	ck_assert_msg(cookiefile_close(log, &e) == 0, "%s", e.msg);
	ck_assert_int_gt(pread(file.fd, text, sizeof(text) - 1, 0), 0);
	snprintf(want, sizeof(want), COOKIE_HEADER
		 "198.19.0.1,%s,443,34,3021b9d889017eeb,2023-11-14T22:30:00.020000Z\n"
		 "198.19.0.1,%s,443,34,aabbccddeeff0011,2023-11-14T22:30:00.040000Z\n", ip, ip);
	ck_assert_str_eq(text, want);
	scratch_close(&file);
	end();
}

/* ---- reading a saved capture --------------------------------------------------------------- */

TEST(capture_with_what_was_sent)
{
	const struct entry *en;
	struct addr source;
	struct syn syn;
	uint64_t x;

	begin_replay(&(struct core_setup){ .retries = 1, .seen = 256 });
	x = order_target(&core.s.facts.order, 9);
	source = core.s.facts.sources[0][0].addr;
	for (uint8_t attempt = 0; attempt < 2; attempt++) {
		core_craft(&core, x, source, PROBE_REQUEST, attempt, NULL, &syn);
		see(&syn);
		see(&syn);	/* a copy says nothing */
		ck_assert_uint_eq(window_status(&core.s.senders[0].window, 0), attempt + 1);
		ck_assert_uint_eq(sent_arm_ns(&core.s.senders[0], 0, 0, attempt), core.now_ns);
		elapse(CORE_TIMEOUT_NS);
	}
	ck_assert_uint_eq(stat_get(&core.s.rx.stats, STAT_targets_started), 1);
	answer(&syn, SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_GAP_NS);
	en = cookies_find(&answers.cookies, 9);
	ck_assert_ptr_nonnull(en);
	core_craft(&core, x, source, PROBE_DATA, 0, &en->want.cookie, &syn);
	elapse(1000000);
	see(&syn);
	elapse(CORE_RTT_NS);
	accept_data(&syn);
	check_row(9, "accepted", 3);
	check_syn(&syn);
	ck_assert_str_eq(cell("rtt_ms"), "20.000");
	end();
}

TEST(capture_of_answers_alone)
{
	uint8_t bytes[WIRE_MAX];
	struct arrival a;
	struct packet p;
	struct syn syn;

	begin_replay(&(struct core_setup){ .retries = 2, .seen = 256 });
	core_craft(&core, order_target(&core.s.facts.order, 9), core.s.facts.sources[0][0].addr,
		   PROBE_REQUEST,
		   1, NULL, &syn);
	ck_assert(core_recognise(&core, bytes, core_answer(&syn, SYNACK(OPTS_NONE, 0), bytes), &p,
				 &a));
	replay_answered(&replay, &a, core.now_ns);
	answers_take(&answers, &a);
	check_row(9, "no-cookie", 2);
	check_syn(&syn);
	ck_assert_str_eq(cell("rtt_ms"), "");
	/* It is known now: the next one is a repeat. */
	replay_answered(&replay, &a, core.now_ns);
	answers_take(&answers, &a);
	ck_assert_uint_eq(n_rows(), 1);
	end();
}
