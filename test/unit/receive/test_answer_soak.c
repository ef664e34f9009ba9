/*
 * answer: a whole scan in simulated time, with loss, delay, doubling, RSTs, ICMP errors, refusals,
 * a small cookie cache and a small ring: whatever happens, each target has one row, which is about
 * a SYN that was sent, of the answer to that very SYN, and of as many SYNs as there were.
 */
#include "unit.h"

#include <stdlib.h>

#include "answer_rig.h"
#include "base/clock.h"
#include "rng.h"

#define POSITIONS		256
#define RETRIES		2
#define SYNS_MAX	(RETRIES + 1 + 6)
#define FLIGHT_MAX	4096

/* What a target does with SYNs; each also loses some. */
enum server {
	SILENT, CLOSED, FILTERED, PLAIN, ACCEPTS, PARTLY, IGNORES, REFUSES, ROTATES, BLOCKS_DATA,
	RESETS_DATA, INJECTED, SERVERS
};

struct shot {
	struct syn syn;
	uint8_t kind, attempt;
	uint64_t ns;
};

/* A target and what was sent to it. */
struct pos {
	enum server server;
	unsigned int n;
	struct shot v[SYNS_MAX];
	unsigned int rows;
};

/* A packet on its way back. */
struct flight {
	uint64_t ns;
	size_t len;
	uint8_t bytes[200];
};

static struct rng rng;
static struct pos positions[POSITIONS];
static struct flight flights[FLIGHT_MAX];
static unsigned int n_flights;
static uint64_t at[RETRIES + 1];

/* ---- servers ------------------------------------------------------------------------------- */

/* Comes back at once or after up to two time-outs; now and then twice, or not at all. */
static void fly(const uint8_t *bytes, size_t len)
{
	unsigned int times = (unsigned int)rng_below(&rng, 10);

	times = times == 0 ? 0 : times == 1 ? 2 : 1;
	ck_assert_uint_le(len, sizeof(flights[0].bytes));
	while (times--) {
		struct flight *f = &flights[n_flights++];
		uint64_t late = rng_below(&rng, 5) ? CORE_RTT_NS * 10 : 2 * CORE_TIMEOUT_NS;

		ck_assert_uint_le(n_flights, FLIGHT_MAX);
		f->ns = core.now_ns + 1 + rng_below(&rng, late);
		f->len = len;
		memcpy(f->bytes, bytes, len);
	}
}

static void say(const struct syn *syn, const struct answer_spec *spec)
{
	uint8_t bytes[WIRE_MAX];

	fly(bytes, core_answer(syn, spec, bytes));
}

static void say_icmp(const struct syn *syn)
{
	uint8_t bytes[WIRE_MAX];

	fly(bytes, core_icmp(syn, 3, 13, bytes));
}

static void answer_request(enum server server, const struct syn *syn)
{
	if (server == SILENT)
		return;
	if (server == CLOSED || server == INJECTED)
		say(syn, RESET(0));
	if (server == FILTERED)
		say_icmp(syn);
	if (server == PLAIN)
		say(syn, SYNACK(OPTS_NONE, 0));
	else if (server != CLOSED && server != FILTERED)
		say(syn, SYNACK(OPTS_COOKIE, 0));
}

static void answer_data(enum server server, const struct syn *syn)
{
	static const char *const fresh[] = { OPTS_OTHER, OPTS_THIRD, OPTS_COOKIE };

	if (server == ACCEPTS || server == INJECTED)
		say(syn, SYNACK(OPTS_NONE, CORE_DLEN));
	if (server == ACCEPTS)
		say(syn, SEGMENT(0, 40, CORE_DLEN));
	if (server == INJECTED || server == RESETS_DATA)
		say(syn, RESET((uint32_t)rng_below(&rng, CORE_DLEN + 1)));
	if (server == RESETS_DATA)
		say_icmp(syn);
	if (server == PARTLY)
		say(syn, SYNACK(OPTS_NONE, 3));
	if (server == IGNORES)
		say(syn, SYNACK(OPTS_NONE, 0));
	if (server == REFUSES)
		say(syn, SYNACK(OPTS_OTHER, 0));
	if (server == ROTATES)
		say(syn, SYNACK(fresh[rng_below(&rng, 3)], 0));
	/* Forged: nothing that was sent has this many bytes. */
	say(syn, SYNACK(OPTS_NONE, CORE_DLEN + 1));
}

/* ---- the sender ---------------------------------------------------------------------------- */

/* The next entry for a SYN to position k. */
static struct shot *shoot(uint64_t k, uint8_t kind, uint8_t attempt)
{
	struct pos *p = &positions[k];
	struct shot *s = &p->v[p->n++];

	if (p->n > SYNS_MAX)
		ck_abort_msg("position %ju: %u SYNs", (uintmax_t)k, p->n);
	s->kind = kind;
	s->attempt = attempt;
	s->ns = core.now_ns;
	return s;
}

static void send_request(uint64_t k, uint8_t attempt)
{
	struct shot *s = shoot(k, PROBE_REQUEST, attempt);

	core_send(&core, k, attempt, &s->syn);
	answer_request(positions[k].server, &s->syn);
}

/* core_send() takes the retry itself; so it is asked first whether there is one to take. */
static bool is_silent(uint64_t k)
{
	return !(window_status(&core.s.senders[0].window, k) & (WINDOW_ANSWERED | WINDOW_DONE));
}

static void send_some(void)
{
	unsigned int left = (unsigned int)rng_below(&rng, 4);
	struct followup f;
	struct syn syn;

	for (; left && core_send_followup(&core, &f, &syn); left--) {
		uint64_t k;
		struct shot *s;

		ck_assert(order_pos(&core.s.facts.order, f.x, &k));
		/* Its slot is still its own. */
		ck_assert_uint_eq(answers.cookies.cache.v[f.slot].k, k);
		s = shoot(k, f.kind, f.attempt);
		s->syn = syn;
		answer_data(positions[k].server, &syn);
	}
	for (unsigned int a = RETRIES; a > 0; a--) {
		uint64_t due = window_due(&core.s.senders[0].window, a, core.now_ns,
					  CORE_TIMEOUT_NS);

		for (; left && at[a] < due; at[a]++) {
			if (is_silent(at[a])) {
				send_request(at[a], (uint8_t)a);
				left--;
			}
		}
		atomic_store(&core.s.senders[0].window.cursor[a].done, at[a]);
	}
	for (; left && at[0] < POSITIONS && !rx_cache_half_full(&core.s.rx); at[0]++, left--)
		send_request(at[0], 0);
}

/* ---- the receiver -------------------------------------------------------------------------- */

static void land(void)
{
	for (unsigned int i = 0; i < n_flights;) {
		if (flights[i].ns > core.now_ns) {
			i++;
			continue;
		}
		if (!take(flights[i].bytes, flights[i].len))
			ck_abort_msg("an answer was not recognised");
		flights[i] = flights[--n_flights];
	}
}

/* The SYN that the row is about. */
static const struct shot *shot_of_row(const struct pos *p)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (p->v[i].syn.p.tcp.seq == number("tfo_seq")
		    && p->v[i].syn.p.tcp.sport == number("source_port"))
			return &p->v[i];
	ck_abort_msg("%s: no SYN had this sequence number and port", cell("ip"));
	return NULL;
}

static void check_times(const struct shot *s)
{
	char text[CLOCK_TEXT_LEN];

	if (!*cell("time_sent"))
		return;
	clock_text(s->ns + CORE_OFFSET_NS, text);
	ck_assert_str_eq(cell("time_sent"), text);
}

static void check_target(struct pos *p)
{
	const struct shot *s = shot_of_row(p);

	ck_assert_uint_eq(p->rows++, 0);
	ck_assert_uint_eq(number("probes"), p->n);
	ck_assert_uint_eq(number("tfo_dlen"), s->syn.p.tcp.payload_len);
	check_times(s);
	if (!strcmp(cell("reply"), "synack") || !strcmp(cell("reply"), "rst"))
		ck_assert_uint_eq((uint32_t)(number("tfo_ack") - number("tfo_seq") - 1),
				  number("tfo_acked"));
	ck_assert_int_eq(!strcmp(cell("verdict"), "accepted"),
			 number("tfo_dlen") && number("tfo_acked") == CORE_DLEN);
	if (!strcmp(cell("verdict"), "accepted"))
		ck_assert(p->server == ACCEPTS || p->server == INJECTED);
}

static void check_rows(void)
{
	ck_assert_uint_eq(n_rows(), POSITIONS);
	for (unsigned int i = 0; i < POSITIONS; i++) {
		struct addr ip;
		uint64_t x, k;

		read_row(i);
		ck_assert_int_eq(addr_parse(&ip, cell("ip")), 0);
		ck_assert(targets_index(core.targets, ip, 443, &x));
		ck_assert(order_pos(&core.s.facts.order, x, &k));
		check_target(&positions[k]);
	}
}

/* ---- the scan ------------------------------------------------------------------------------ */

static bool is_over(void)
{
	for (unsigned int a = 0; a <= RETRIES; a++)
		if (at[a] < POSITIONS)
			return false;
	return !n_flights && cookies_pending(&answers.cookies) == 0;
}

TEST_TIMES(every_target_one_row, 6)
{
	unsigned int rounds = 0, silent = 0;

	rng = (struct rng){ (uint64_t)_i };
	memset(positions, 0, sizeof(positions));
	memset(at, 0, sizeof(at));
	n_flights = 0;
	begin_as(&(struct core_setup){ .retries = RETRIES, .slots = 32, .ring = 4 }, ROWS_TARGET,
		 REPORT_ALL);
	for (uint64_t k = 0; k < POSITIONS; k++)
		positions[k].server = (enum server)rng_below(&rng, SERVERS);
	for (; !is_over(); rounds++) {
		if (rounds == 1000000)
			ck_abort_msg("it does not come to an end");
		/* Batches that are further apart than the send log shows. */
		elapse(SENDLOG_GRAIN_NS + rng_below(&rng, 50000000));
		send_some();
		land();
	}
	for (uint64_t k = 0; k < POSITIONS; k++) {
		uint8_t status = window_status(&core.s.senders[0].window, k);

		if (status & WINDOW_DONE)
			continue;
		ck_assert(!(status & WINDOW_ANSWERED));
		ck_assert_uint_eq(status, RETRIES + 1);
		rows_silent(&answers.rows, k);
		silent++;
	}
	check_rows();
	ck_assert_uint_gt(silent, 0);
	ck_assert_uint_gt(count(STAT_accepted), 0);
	ck_assert_uint_gt(count(STAT_drop_unmatched), 0);
	ck_assert_uint_eq(count(STAT_drop_unsent), 0);
	end();
}
