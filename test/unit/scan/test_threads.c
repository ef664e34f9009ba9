/*
 * The send and the receive thread together, as in a scan: this thread receives what servers answer
 * to what the other one sends. For the thread sanitizer, above all.
 */
#include "unit.h"

#include "output/sink.h"
#include "scratch.h"
#include "sweep_rig.h"

#define POSITIONS 1024		/* in a /22 */

static struct answers answers;
static struct sink *sink;
static struct scratch rows;
static unsigned int seen;	/* frames that were looked at */

static void begin(const struct core_setup *o)
{
	struct err e = { "" };

	begin_with(o);
	seen = 0;
	scratch_text(&rows, "");
	core.config.output.file = rows.path;
	core.config.output.fields = "ip,verdict,probes";
	ck_assert_msg(sink_open(&sink, &core.config, NULL, &core.s.rx.stats, CORE_OFFSET_NS, 0,
				&e) == 0
		      && sink_begin(sink, &e) == 0
		      && answers_init(&answers, &core.s, 0, sink, NULL, &e) == 0, "%s", e.msg);
}

static void finish(void)
{
	struct err e = { "" };

	answers_free(&answers);
	ck_assert_msg(sink_close(sink, &e) == 0, "%s", e.msg);
	scratch_close(&rows);
	end();
}

/* What position k's server says to a SYN; false: nothing. */
static bool server_says(const struct tapped *t, struct answer_spec *out)
{
	switch (t->k % 4) {
	case 0:		/* accepts, but not the first data */
		if (t->m.kind == PROBE_DATA && t->m.attempt == 0)
			return false;
		*out = *SYNACK(t->m.kind == PROBE_DATA ? OPTS_NONE : OPTS_COOKIE,
			       t->m.kind == PROBE_DATA ? CORE_DLEN : 0);
		return true;
	case 1:		/* refuses once */
		*out = *SYNACK(t->m.attempt >= 3 ? OPTS_NONE :
			       t->m.kind == PROBE_DATA ? OPTS_OTHER : OPTS_COOKIE,
			       t->m.attempt >= 3 ? CORE_DLEN : 0);
		return true;
	case 2:		/* has no cookie, and answers the last request only */
		*out = *SYNACK(OPTS_NONE, 0);
		return t->m.attempt == 2;
	default:
		return false;
	}
}

static void answer(const struct tapped *t)
{
	uint8_t bytes[WIRE_MAX];
	struct answer_spec spec;
	struct arrival a;
	struct packet p;
	struct syn syn;

	if (t->m.class != VALIDATE_SENT || !server_says(t, &spec))
		return;
	memcpy(syn.frame, t->frame, t->len);
	syn.len = t->len;
	ck_assert_int_eq(packet_parse(&syn.p, syn.frame + CRAFT_LINK_LEN,
				      syn.len - CRAFT_LINK_LEN), PACKET_OK);
	core.now_ns = clock_now_ns();
	if (!core_recognise(&core, bytes, core_answer(&syn, &spec, bytes), &p, &a))
		ck_abort_msg("position %ju: not recognised", (uintmax_t)t->k);
	answers_take(&answers, &a);
}

/* The receive thread's turn. */
static void turn(void)
{
	for (unsigned int n = atomic_load(&tap.n); seen < n; seen++)
		answer(&tap.v[seen]);
	cookies_tick(&answers.cookies, clock_now_ns(), clock_now_ns());
	receive(true);
}

/* Until nothing is sent, answered or due any more. */
static void scan(void)
{
	bool swept;

	start();
	do {
		swept = atomic_load(&core.s.senders[0].swept);
		turn();
	} while (!swept || seen < atomic_load(&tap.n) || atomic_load(&core.s.rx.part[0].pending));
	stop();
}

TEST(a_scan)
{
	unsigned int data[POSITIONS] = { 0 }, requests[POSITIONS] = { 0 };

	begin(&(struct core_setup){ .target = "198.18.0.0/22", .retries = 2, .slots = 1024 });
	/* Long enough for an answer to come before the next SYN on a slow machine. */
	core.config.probing.timeout_ns = 300 * NS_PER_MS;
	scan();
	for (unsigned int i = 0; i < atomic_load(&tap.n); i++)
		(tap.v[i].m.kind == PROBE_DATA ? data : requests)[tap.v[i].k]++;
	for (unsigned int k = 0; k < POSITIONS; k++) {
		if (k % 4 < 2 && (!data[k] || !requests[k]))
			ck_abort_msg("position %u: %u requests, %u data", k, requests[k], data[k]);
		if (k % 4 >= 2 && (data[k] || requests[k] != 3))
			ck_abort_msg("position %u: %u requests, %u data", k, requests[k], data[k]);
	}
	ck_assert_uint_eq(sink_rows(sink), POSITIONS * 3 / 4);
	ck_assert_uint_eq(count(STAT_targets_done), POSITIONS * 3 / 4);
	ck_assert_uint_eq(count(STAT_accepted), POSITIONS / 2);
	ck_assert_uint_eq(stat_get_verdict(&core.s.rx.stats, VERDICT_NO_COOKIE)
			  + stat_get_verdict(&core.s.rx.stats, VERDICT_UNKNOWN), POSITIONS / 4);
	ck_assert_uint_eq(count(STAT_table_full), 0);
	ck_assert_uint_eq(count(STAT_drop_unsent), 0);
	finish();
}

/* A cache and a ring that are too small for what comes at once: the sweep waits for them. */
TEST(a_scan_in_little_room)
{
	begin(&(struct core_setup){ .target = "198.18.0.0/24", .retries = 2, .slots = 256,
				    .ring = 2 });
	core.config.probing.timeout_ns = 200 * NS_PER_MS;
	scan();
	ck_assert_uint_eq(sink_rows(sink), 192);
	ck_assert_uint_eq(count(STAT_accepted), 128);
	ck_assert_uint_eq(count(STAT_table_full), 0);
	finish();
}
