/* Plan locate, with real packets: hops that answer or not, and boxes that stand between them. */
#include "answer_rig.h"
#include "plain_sum.h"
#include "unit.h"

#define TICK_NS		10000000ull
#define TICKS_MAX	40000
#define EVENTS_MAX	256

enum box {
	DROP_OPTION, RESET_OPTION, RESET_FLOW, STRIP_OPTION, DROP_DATA, STRIP_DATA, DROP_ACCEPTANCE,
};

struct chain {
	const char *name;
	const char *target;
	unsigned int distance;
	enum box box;
	unsigned int at;		/* its hop */
	unsigned int quote;		/* bytes of the SYN that hops quote, 0: all */
	const char *row;		/* NAME=VALUE ... */
};

static const struct chain *chain;
static unsigned int hop_syns, fed_target;
static bool is_known[UINT16_MAX + 1];	/* RESET_FLOW: a SYN with the option was from that port */
static struct syn open_syn;		/* whose SYN/ACK was lost; its len 0: none */

/* What a capture of the scan would have: SYNs, and what came. */
static struct {
	uint64_t ns;
	struct syn syn;			/* len 0: it is an answer */
	uint8_t bytes[WIRE_MAX];
	size_t len;
} events[EVENTS_MAX];
static unsigned int n_events;

static void comes(const uint8_t *bytes, size_t len)
{
	ck_assert_uint_lt(n_events, EVENTS_MAX);
	events[n_events].ns = core.now_ns;
	events[n_events].syn.len = 0;
	memcpy(events[n_events].bytes, bytes, len);
	events[n_events++].len = len;
	ck_assert(take(bytes, len));
}

static void note_syn(const struct syn *syn)
{
	ck_assert_uint_lt(n_events, EVENTS_MAX);
	events[n_events].ns = core.now_ns;
	events[n_events++].syn = *syn;
}

static bool is_v6(const struct syn *syn)
{
	return !addr_is_v4(syn->p.tcp.dst);
}

static unsigned int ttl_of(const struct syn *syn)
{
	return syn->frame[CRAFT_LINK_LEN + (is_v6(syn) ? 7 : 8)];
}

static struct tcpopts options_of(const struct syn *syn)
{
	struct tcpopts o;

	tcpopt_parse(&o, syn->p.tcp.opts, syn->p.tcp.opts_len);
	return o;
}

/* What the box is about is on the SYN. */
static bool is_concerned(const struct syn *syn)
{
	if (chain->box == DROP_DATA || chain->box == STRIP_DATA)
		return syn->p.tcp.payload_len > 0;
	return chain->box != DROP_ACCEPTANCE && options_of(syn).tfo.state != TFO_ABSENT;
}

static bool has_passed_box(const struct syn *syn)
{
	return ttl_of(syn) >= chain->at && is_concerned(syn);
}

/* A box that has seen the option resets whatever comes by from that port, plain SYNs, too. */
static bool is_reset(const struct syn *syn)
{
	if (chain->box != RESET_FLOW)
		return chain->box == RESET_OPTION && has_passed_box(syn);
	is_known[syn->p.tcp.sport] |= has_passed_box(syn);
	return ttl_of(syn) >= chain->at && is_known[syn->p.tcp.sport];
}

/* The SYN as it is behind a box that takes something out. */
static struct syn behind_box(const struct syn *syn)
{
	struct syn out = *syn;
	uint8_t *ip = out.frame + CRAFT_LINK_LEN;
	uint8_t *opts = out.frame + (syn->p.tcp.opts - syn->frame);
	uint8_t at = 0;

	if (!has_passed_box(syn))
		return out;
	if (chain->box == STRIP_DATA) {
		put_be16(ip + (is_v6(syn) ? 4 : 2),
			 (uint16_t)(get_be16(ip + (is_v6(syn) ? 4 : 2)) - syn->p.tcp.payload_len));
		out.len -= syn->p.tcp.payload_len;
		return out;
	}
	while (opts[at] != TFO_KIND)
		at += opts[at] == TCPOPT_KIND_NOP ? 1 : opts[at + 1];
	memset(opts + at, TCPOPT_KIND_NOP, opts[at + 1]);
	return out;
}

static void hop_answers(const struct syn *syn)
{
	const struct packet_tcp *t = &syn->p.tcp;
	struct syn here = behind_box(syn);
	size_t len = here.len - CRAFT_LINK_LEN, most = chain->quote ? chain->quote : len;
	uint8_t bytes[WIRE_MAX];
	struct addr hop = addr_add(t->dst, ttl_of(syn) << 8);

	comes(bytes, wire_icmp(hop, t->src, is_v6(syn) ? 3 : 11, 0, here.frame + CRAFT_LINK_LEN,
			       len < most ? len : most, bytes));
}

static void target_answers(const struct syn *syn)
{
	bool stripped = chain->box == STRIP_OPTION && is_concerned(syn);
	struct tcpopts o = options_of(syn);
	bool gives = o.tfo.state == TFO_EMPTY && !stripped;
	bool is_own = o.tfo.state == TFO_COOKIE && o.tfo.cookie[0] == 0x30;
	bool accepts = is_own && syn->p.tcp.payload_len && chain->box != STRIP_DATA && !stripped;
	uint8_t bytes[WIRE_MAX];
	size_t len = core_answer(syn, SYNACK(gives ? OPTS_COOKIE : OPTS_NONE,
					     accepts ? syn->p.tcp.payload_len : 0), bytes);

	if (chain->box == DROP_ACCEPTANCE && accepts) {
		open_syn = *syn;
		return;
	}
	/* That connection is open there, and is acknowledged again. */
	if (open_syn.len && syn->p.tcp.sport == open_syn.p.tcp.sport) {
		comes(bytes, core_answer(&open_syn, &(struct answer_spec){
			TCP_ACK, open_syn.p.tcp.payload_len, NULL, 0, 1 }, bytes));
		return;
	}
	/* As it comes over as many hops. */
	bytes[is_v6(syn) ? 7 : 8] = (uint8_t)(64 - chain->distance + 1);
	comes(bytes, len);
}

static void check_header(const struct syn *syn)
{
	const uint8_t *ip = syn->frame + CRAFT_LINK_LEN;

	if (!is_v6(syn))
		ck_assert_uint_eq(plain_sum(0, ip, 20), 0xffff);
}

/* A SYN went out: what comes of it, a round trip later. */
static void walk(const struct syn *syn)
{
	bool drops = chain->box == DROP_OPTION || chain->box == DROP_DATA;
	uint8_t bytes[WIRE_MAX];

	check_header(syn);
	note_syn(syn);
	elapse(CORE_RTT_NS);
	if (has_passed_box(syn) && drops)
		return;
	if (is_reset(syn)) {
		comes(bytes, core_answer(syn, RESET(syn->p.tcp.payload_len), bytes));
		return;
	}
	if (ttl_of(syn) < chain->distance)
		hop_answers(syn);
	else
		target_answers(syn);
}

static void drain_teardowns(void)
{
	struct segment_request c;

	while (ring_pop(&core.s.senders[0].segments, &c))
		;
}

/* Of position 0, up to its row. What is due is sent `wait_ns` later. */
static void scan(uint64_t wait_ns)
{
	struct followup f;
	struct syn syn;

	n_events = 0;
	memset(is_known, 0, sizeof(is_known));
	core_send_arm(&core, 0, 0, 0, &syn);
	walk(&syn);
	core_send_arm(&core, 0, 1, 0, &syn);
	walk(&syn);
	hop_syns = fed_target = 0;
	open_syn.len = 0;
	for (unsigned int i = 0; i < TICKS_MAX && !n_rows(); i++) {
		/* The sweep has no more to send. */
		core.s.senders[0].window.tail = i * TICK_NS > CORE_TIMEOUT_NS;
		elapse(TICK_NS);
		if (ring_count(&core.s.senders[0].followups))
			elapse(wait_ns);
		if (!core_send_followup(&core, &f, &syn))
			continue;
		hop_syns += f.kind == PROBE_HOP;
		fed_target += f.kind == PROBE_HOP && ttl_of(&syn) >= chain->distance
			&& (syn.p.tcp.payload_len || options_of(&syn).tfo.state != TFO_ABSENT);
		walk(&syn);
		drain_teardowns();
	}
}

static void check_row_of_chain(void)
{
	char text[256], *rest = NULL, *pair;

	ck_assert_msg(n_rows() == 1, "%s: %u rows", chain->name, n_rows());
	read_row(0);
	snprintf(text, sizeof(text), "%s", chain->row);
	for (pair = strtok_r(text, " ", &rest); pair; pair = strtok_r(NULL, " ", &rest)) {
		char *value = strchr(pair, '=');

		*value++ = '\0';
		ck_assert_msg(strcmp(cell(pair), value) == 0, "%s: %s is %s, not %s", chain->name,
			      pair, cell(pair), value);
	}
}

#define V4	"198.18.0.0/28"
#define V6	"2001:2:0:18::/124"

static const struct chain chains[] = {
	{ "drop", V4, 9, DROP_OPTION, 4, 0,
	  "verdict=request-blocked hops=9 hop_low=3 hop_high=4" },
	{ "drop, IPv6", V6, 9, DROP_OPTION, 4, 0,
	  "verdict=request-blocked hops=9 hop_low=3 hop_high=4" },
	{ "drop, short quotes", V4, 9, DROP_OPTION, 7, 28,
	  "verdict=request-blocked hops=9 hop_low=6 hop_high=7" },
	{ "reset", V4, 6, RESET_OPTION, 1, 0,
	  "verdict=request-blocked hops=6 hop_low=0 hop_low_ip= hop_high=1" },
	{ "reset, IPv6", V6, 6, RESET_OPTION, 5, 0,
	  "verdict=request-blocked hops=6 hop_low=4 hop_high=5" },
	{ "reset of the flow", V4, 8, RESET_FLOW, 4, 0,
	  "verdict=request-blocked hops= hop_low= hop_high=" },
	{ "at the target", V4, 5, DROP_OPTION, 5, 0,
	  "verdict=request-blocked hops=5 hop_low=4 hop_high=5" },
	{ "strip", V4, 8, STRIP_OPTION, 3, 0,
	  "verdict=option-stripped signals=option-stripped hops=8 hop_low=2 hop_high=3" },
	{ "strip, IPv6", V6, 8, STRIP_OPTION, 7, 0,
	  "verdict=option-stripped hops=8 hop_low=6 hop_high=7" },
	{ "strip, short quotes", V4, 8, STRIP_OPTION, 3, 28,
	  "verdict=no-cookie signals= hops=8 hop_low= hop_high=" },
	{ "strip behind the last hop", V4, 8, STRIP_OPTION, 8, 0,
	  "verdict=no-cookie signals= hops=8 hop_low= hop_high=" },
	{ "no data", V4, 8, DROP_DATA, 2, 0,
	  "verdict=data-blocked hops=8 hop_low=1 hop_high=2" },
	{ "no data, IPv6", V6, 8, DROP_DATA, 6, 0,
	  "verdict=data-blocked hops=8 hop_low=5 hop_high=6" },
	{ "no acceptance", V4, 8, DROP_ACCEPTANCE, 0, 0,
	  "verdict=acceptance-blocked hops=8 hop_low= hop_high=" },
	{ "sound", V4, 8, DROP_OPTION, 99, 0, "verdict=accepted hops= hop_low= hop_high=" },
};

static void begin_chain(void)
{
	begin_with(&(struct core_setup){
		.target = chain->target, .plan = PLAN_LOCATE, .retries = 0, .tears_down = true,
	});
}

TEST_EACH(locates, chains)
{
	chain = row;
	begin_chain();
	scan(0);
	check_row_of_chain();
	ck_assert_uint_eq(fed_target, 0);
	ck_assert_uint_le(number("probes"), 60);
	ck_assert_uint_eq(count(STAT_sent_hop), hop_syns);
	ck_assert_uint_eq(number("probes"), stats_syns(&core.s.rx.stats));
	ck_assert_uint_eq(count(STAT_drop_unmatched) + count(STAT_drop_unsent), 0);
	end();
}

/* ---- a capture of it, read again ----------------------------------------------------------- */

/* How much later than it is due each probe is sent, and how much the reader's clock is behind. */
static const struct {
	uint64_t wait_ns, lag_ns;
} readings[] = {
	{ 0, 0 }, { 0, CORE_TIMEOUT_NS / 5 }, { 3 * CORE_TIMEOUT_NS, 0 },
	{ 3 * CORE_TIMEOUT_NS, CORE_TIMEOUT_NS / 5 },
};

/* Of the row that was read last. */
static void copy_row(char *out, size_t size)
{
	static const char *const columns[] = {
		"verdict", "hops", "hop_low", "hop_high", "hop_low_ip", "hop_high_ip", "signals",
		"probes",
	};

	out[0] = '\0';
	for (unsigned int i = 0; i < N_OF(columns); i++) {
		size_t len = strlen(out);

		snprintf(out + len, size - len, "%s=%s ", columns[i], cell(columns[i]));
	}
}

static void read_events(uint64_t lag_ns)
{
	struct followup f;

	for (unsigned int i = 0; i < n_events; i++) {
		uint64_t read_ns = events[i].ns - lag_ns;
		struct arrival a;
		struct packet p;

		core.now_ns = events[i].ns;
		cookies_tick(&answers.cookies, read_ns, read_ns);
		replay_retire(&replay, read_ns, read_ns);
		if (events[i].syn.len) {
			see(&events[i].syn);
		} else if (core_recognise(&core, events[i].bytes, events[i].len, &p, &a)) {
			replay_answered(&replay, &a, read_ns);
			answers_take(&answers, &a);
		}
		while (ring_pop(&core.s.senders[0].followups, &f))
			;
		drain_teardowns();
	}
}

TEST_TIMES(reads_it_again, N_OF(chains) * N_OF(readings))
{
	uint64_t lag_ns = readings[_i % (int)N_OF(readings)].lag_ns;
	char live[256], again[256];

	chain = &chains[_i / (int)N_OF(readings)];
	begin_chain();
	scan(readings[_i % (int)N_OF(readings)].wait_ns);
	ck_assert_uint_eq(n_rows(), 1);
	read_row(0);
	copy_row(live, sizeof(live));
	end();
	begin_replay(&(struct core_setup){
		.target = chain->target, .plan = PLAN_LOCATE, .retries = 0, .tears_down = true,
		.seen = 16,
	});
	read_events(lag_ns);
	elapse(lag_ns + CORE_TIMEOUT_NS);
	elapse(PLAN_LINGER_NS);
	ck_assert_msg(n_rows() == 1, "%s: %u rows", chain->name, n_rows());
	read_row(0);
	copy_row(again, sizeof(again));
	ck_assert_str_eq(again, live);
	end();
}
