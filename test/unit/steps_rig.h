/*
 * Cases of one or a few targets, told as steps: what is sent, what comes back when, and what of
 * it is seen on the way; then the rows and the counters that there have to be, and no others.
 */
#ifndef UNIT_STEPS_RIG_H
#define UNIT_STEPS_RIG_H

#include "answer_rig.h"

#define STEPS_SYNS 24

struct step {
	void (*run)(const struct step *st);
	uint64_t k;			/* a position, a time, a number */
	unsigned int syn;		/* in the order in which they were made */
	unsigned int kind, attempt;	/* of a SYN; kind: an arm, too */
	struct answer_spec answer;
};

struct steps_case {
	const char *name;
	struct core_setup setup;
	enum config_rows kind;
	bool silent_too;		/* --report all */
	const struct step *steps;	/* up to one without a function */
	/* Each: the SYN that it tells of, "NAME=VALUE NAME=VALUE ...". */
	const char *rows[8];
	const char *counters;		/* likewise */
};

static struct syn syns[STEPS_SYNS];
static unsigned int n_syns;
static uint32_t last_slot;		/* of the follow-up that was sent last */

static inline struct syn *next_syn(void)
{
	ck_assert_uint_lt(n_syns, STEPS_SYNS);
	return &syns[n_syns++];
}

static inline const struct syn *syn_of(const struct step *st)
{
	ck_assert_uint_lt(st->syn, n_syns);
	return &syns[st->syn];
}

/* ---- what happens -------------------------------------------------------------------------- */

static inline void step_send(const struct step *st)
{
	core_send_arm(&core, st->k, st->kind, (uint8_t)st->attempt, next_syn());
}

static inline void step_follow_up(const struct step *st)
{
	struct followup f;

	ck_assert(core_send_followup(&core, &f, next_syn()));
	ck_assert_uint_eq(f.x, order_target(&core.s.facts.order, st->k));
	ck_assert_uint_eq(f.kind, st->kind);
	ck_assert_uint_eq(f.attempt, st->attempt);
	last_slot = f.slot;
}

static inline void step_forge(const struct step *st)
{
	core_craft(&core, order_target(&core.s.facts.order, st->k),
		   core.s.facts.sources[0][0].addr, (uint8_t)st->kind, (uint8_t)st->attempt, NULL,
		   next_syn());
}

static inline void step_wait(const struct step *st)
{
	elapse(st->k);
}

static inline void step_answer(const struct step *st)
{
	answer(syn_of(st), &st->answer);
}

static inline void step_no_answer(const struct step *st)
{
	uint8_t bytes[WIRE_MAX];

	ck_assert(!take(bytes, core_answer(syn_of(st), &st->answer, bytes)));
}

static inline void step_icmp(const struct step *st)
{
	answer_icmp(syn_of(st), (uint8_t)st->kind, (uint8_t)st->attempt);
}

/* Quotes the SYN as it was once its TFO option had been overwritten. */
static inline void step_stripped(const struct step *st)
{
	struct syn bare = *syn_of(st);
	uint8_t *opts = bare.frame + (syn_of(st)->p.tcp.opts - syn_of(st)->frame);
	uint8_t at = 0;

	while (opts[at] != TFO_KIND)
		at += opts[at] == TCPOPT_KIND_NOP ? 1 : opts[at + 1];
	memset(opts + at, TCPOPT_KIND_NOP, opts[at + 1]);
	answer_icmp(&bare, 11, 0);
}

static inline void step_flush(const struct step *st)
{
	(void)st;
	cookies_flush(&answers.cookies, core.now_ns);
}

static inline void step_silent(const struct step *st)
{
	rows_silent(&answers.rows, st->k);
}

static inline void step_floor(const struct step *st)
{
	(void)st;
	atomic_store(&core.s.senders[0].window.floor, 1024);
}

static inline void step_stamp(const struct step *st)
{
	atomic_store(&core.s.stamps[last_slot], st->k == UINT64_MAX ? st->k
		     : st->attempt ? core.now_ns | st->k : st->k);
}

static inline void step_stop(const struct step *st)
{
	(void)st;
	atomic_store(&core.s.control.stop, STOP_SENDING);
}

static inline void step_mark(const struct step *st)
{
	window_mark(&core.s.senders[0].window, st->k, WINDOW_UNKNOWN);
}

static inline void step_lose(const struct step *st)
{
	(void)st;
	loss_log_add(&core.s.rx.part[0].losses, core.now_ns, core.now_ns + 1);
}

static inline void step_tail(const struct step *st)
{
	core.s.senders[0].window.tail = st->k;
}

/* Some other position's follow-ups take all the room of the ring; and make room again. */
static inline void step_fill_ring(const struct step *st)
{
	struct followup f = { .slot = core.s.facts.slots - 1 };

	(void)st;
	while (ring_push(&core.s.senders[0].followups, &f))
		;
}

static inline void step_empty_ring(const struct step *st)
{
	struct followup f;

	(void)st;
	while (ring_pop(&core.s.senders[0].followups, &f))
		ck_assert_uint_eq(f.slot, core.s.facts.slots - 1);
}

#define REQ(k_, attempt_)	ARM(k_, 0, attempt_)
#define ARM(k_, arm_, attempt_)	{ .run = step_send, .k = k_, .kind = arm_, .attempt = attempt_ }
#define DATA(k_, attempt_) \
	{ .run = step_follow_up, .k = k_, .kind = PROBE_DATA, .attempt = attempt_ }
#define FORGE(k_, kind_, attempt_) \
	{ .run = step_forge, .k = k_, .kind = kind_, .attempt = attempt_ }
#define WAIT(ns_)		{ .run = step_wait, .k = ns_ }
#define RTT			WAIT(CORE_RTT_NS)
#define GAP			WAIT(PLAN_GAP_NS)
#define TIMEOUT			WAIT(CORE_TIMEOUT_NS)
#define SETTLE			WAIT(PLAN_TEARDOWN_DELAY_NS)
#define LINGER			WAIT(PLAN_LINGER_NS)
#define SA(syn_, opts_, acked_)	SA_DATA(syn_, opts_, acked_, 0)
#define SA_DATA(syn_, opts_, acked_, len_) \
	{ .run = step_answer, .syn = syn_, .answer = { TCP_SYN | TCP_ACK, acked_, opts_, len_, 0 } }
#define RST(syn_, acked_) \
	{ .run = step_answer, .syn = syn_, .answer = { TCP_RST | TCP_ACK, acked_, NULL, 0, 0 } }
#define SEG(syn_, at_, len_, acked_) \
	{ .run = step_answer, .syn = syn_, \
	  .answer = { TCP_ACK | TCP_PSH, acked_, NULL, len_, at_ } }
#define NOBODYS_SA(syn_) \
	{ .run = step_no_answer, .syn = syn_, .answer = { TCP_SYN | TCP_ACK, 0, OPTS_NONE, 0, 0 } }
#define ICMP(syn_, type_, code_) \
	{ .run = step_icmp, .syn = syn_, .kind = type_, .attempt = code_ }
#define STRIPPED(syn_)		{ .run = step_stripped, .syn = syn_ }
#define FLUSH			{ .run = step_flush }
#define SILENT_ROW(k_)		{ .run = step_silent, .k = k_ }
#define GIVE_UP_SLOTS		{ .run = step_floor }
/* What the send thread says of the last follow-up. */
#define IN_RING			{ .run = step_stamp, .k = 0 }
#define LEAVING			{ .run = step_stamp, .k = STAMP_LEAVING, .attempt = 1 }
#define LEFT			{ .run = step_stamp, .k = 0, .attempt = 1 }
#define GIVEN_UP		{ .run = step_stamp, .k = STAMP_NOT_SENT }
#define STOP			{ .run = step_stop }
#define LOST(k_)		{ .run = step_mark, .k = k_ }
#define LOSE			{ .run = step_lose }
#define TAIL(k_)		{ .run = step_tail, .k = k_ }
#define FILL_RING		{ .run = step_fill_ring }
#define EMPTY_RING		{ .run = step_empty_ring }

/* ---- what is seen on the way --------------------------------------------------------------- */

static inline void step_rows(const struct step *st)
{
	ck_assert_uint_eq(n_rows(), st->k);
}

static inline void step_due(const struct step *st)
{
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), st->k);
}

static inline void step_status(const struct step *st)
{
	ck_assert_uint_eq(window_status(&core.s.senders[0].window, st->k), st->kind);
}

static inline void step_pending(const struct step *st)
{
	ck_assert_uint_eq(cookies_pending(&answers.cookies), st->k);
	ck_assert_uint_eq(atomic_load(&core.s.rx.part[0].pending), st->k);
}

static inline void step_forgotten(const struct step *st)
{
	ck_assert_ptr_null(cookies_find(&answers.cookies, st->k));
}

static inline void step_full(const struct step *st)
{
	ck_assert_int_eq(rows_full(&answers.rows), st->kind);
	ck_assert_int_eq(atomic_load(&core.s.rx.full), st->kind);
}

static inline void step_teardown(const struct step *st)
{
	const struct packet_tcp *t = &syn_of(st)->p.tcp;
	struct segment_request c;

	ck_assert(ring_pop(&core.s.senders[0].segments, &c));
	ck_assert(addr_eq(c.src, t->src) && addr_eq(c.dst, t->dst));
	ck_assert_uint_eq(c.sport, t->sport);
	ck_assert_uint_eq(c.dport, t->dport);
	ck_assert_uint_eq(c.seq, t->seq + 1 + st->k);
	ck_assert_int_eq(!c.reset, st->kind);
}

static inline void step_nothing_torn(const struct step *st)
{
	(void)st;
	ck_assert_uint_eq(ring_count(&core.s.senders[0].segments), 0);
}

#define ROWS(n_)		{ .run = step_rows, .k = n_ }
#define DUE(n_)			{ .run = step_due, .k = n_ }
#define IDLE			DUE(0)
#define STATUS(k_, status_)	{ .run = step_status, .k = k_, .kind = status_ }
#define PENDING(n_)		{ .run = step_pending, .k = n_ }
#define FULL(is_)		{ .run = step_full, .kind = is_ }	/* --max-results */
#define FORGOTTEN(k_)		{ .run = step_forgotten, .k = k_ }
/* A reset of what that SYN opened, or an ACK before it, behind len bytes of its data. */
#define RESETS(syn_, len_)	{ .run = step_teardown, .syn = syn_, .k = len_, .kind = 0 }
#define ACKS(syn_, len_)	{ .run = step_teardown, .syn = syn_, .k = len_, .kind = 1 }
#define NO_RESETS		{ .run = step_nothing_torn }

/* ---- what comes of it ---------------------------------------------------------------------- */

static inline uint64_t counter(const char *name)
{
	unsigned int id = 0;

	while (id < STATS && strcmp(stat_types[id].name, name) != 0)
		id++;
	ck_assert_msg(id < STATS, "no counter %s", name);
	return count((enum stat_id)id);
}

/* The next "NAME=VALUE" of a text, in place; false: there is none. */
static inline bool next_pair(char **text, char **name, char **value)
{
	*name = strtok_r(NULL, " ", text);
	if (!*name)
		return false;
	*value = strchr(*name, '=');
	ck_assert_ptr_nonnull(*value);
	*(*value)++ = '\0';
	return true;
}

static inline void check_values(const struct steps_case *c, unsigned int i)
{
	char text[256], *rest = NULL, *name, *value;

	snprintf(text, sizeof(text), "%s", c->rows[i]);
	read_row(i);
	check_syn(&syns[atoi(strtok_r(text, " ", &rest))]);
	while (next_pair(&rest, &name, &value))
		ck_assert_msg(strcmp(cell(name), value) == 0, "%s: row %u: %s is %s, not %s",
			      c->name, i, name, cell(name), value);
}

static inline void check_counters(const struct steps_case *c)
{
	char text[256], *rest = text, *name, *value;

	snprintf(text, sizeof(text), "%s", c->counters ? c->counters : "");
	while (next_pair(&rest, &name, &value))
		ck_assert_msg(counter(name) == (uint64_t)atoi(value), "%s: %ju %s, not %s",
			      c->name, (uintmax_t)counter(name), name, value);
}

/* The steps alone; end() is to follow. */
static inline void begin_steps(const struct steps_case *c)
{
	n_syns = 0;
	begin_as(&c->setup, c->kind, c->silent_too ? REPORT_ALL : REPORT_ANSWERED);
	for (const struct step *st = c->steps; st->run; st++)
		st->run(st);
}

static inline void run_case(const struct steps_case *c)
{
	unsigned int n = 0;

	begin_steps(c);
	while (n < 8 && c->rows[n])
		n++;
	ck_assert_msg(n_rows() == n, "%s: %u rows, not %u", c->name, n_rows(), n);
	for (unsigned int i = 0; i < n; i++)
		check_values(c, i);
	check_counters(c);
	end();
}

#define NO_STEP		{ .run = NULL }
#define STEPS(...)	.steps = (const struct step[]){ __VA_ARGS__, NO_STEP }

#endif
