/* The way of an answer from the packet to the row, without threads: rows are read back as CSV. */
#ifndef UNIT_ANSWER_RIG_H
#define UNIT_ANSWER_RIG_H

#include "csv_reader.h"
#include "output/sink.h"
#include "receive/replay.h"
#include "rig.h"
#include "scratch.h"

static struct core core;
static struct answers answers;
static struct replay replay;
static struct sink *sink;
static struct scratch rows;
static struct csv_record names, cells;

static inline void begin_as(const struct core_setup *o, enum config_rows kind,
			    enum config_report report)
{
	struct err e = { "" };

	core_init(&core, o);
	scratch_text(&rows, "");
	core.config.output.rows = kind;
	core.config.output.report = report;
	core.config.output.file = rows.path;
	core.config.output.fields = "*";
	ck_assert_msg(sink_open(&sink, &core.config, NULL, &core.s.rx.stats, CORE_OFFSET_NS, 0,
				&e) == 0
		      && sink_begin(sink, &e) == 0
		      && answers_init(&answers, &core.s, 0, sink, NULL, &e) == 0, "%s", e.msg);
}

static inline void begin_with(const struct core_setup *o)
{
	begin_as(o, ROWS_TARGET, REPORT_ANSWERED);
}

static inline void begin(void)
{
	begin_with(&(struct core_setup){ .retries = 0 });
}

static inline void end(void)
{
	struct err e = { "" };

	answers_free(&answers);
	ck_assert_msg(sink_close(sink, &e) == 0, "%s", e.msg);
	scratch_close(&rows);
	core_free(&core);
}

/* Reads what a saved capture of targets o->seen has, as replay.h does. */
static inline void begin_replay(const struct core_setup *o)
{
	begin_with(o);
	answers.cookies.sees_sent = true;
	replay = (struct replay){ .s = &core.s, .cookies = &answers.cookies,
				  .rows = &answers.rows };
}

/* ---- what happens -------------------------------------------------------------------------- */

static inline void elapse(uint64_t ns)
{
	core.now_ns += ns;
	cookies_tick(&answers.cookies, core.now_ns, core.now_ns);
}

/* A packet comes in. False: it answers no probe of ours. */
static inline bool take(const uint8_t *bytes, size_t len)
{
	struct arrival a;
	struct packet p;

	if (!core_recognise(&core, bytes, len, &p, &a) || answers_refuse(&answers, &a))
		return false;
	answers_take(&answers, &a);
	return true;
}

/* Our own SYN, seen in a capture. */
static inline void see(const struct syn *syn)
{
	struct arrival a;
	struct packet p;

	ck_assert(core_recognise(&core, syn->frame + CRAFT_LINK_LEN, syn->len - CRAFT_LINK_LEN, &p,
				 &a));
	ck_assert_int_eq(a.m.class, VALIDATE_SENT);
	replay_sent(&replay, &a);
}

/* The answer to syn comes in, now. */
static inline void answer(const struct syn *syn, const struct answer_spec *spec)
{
	uint8_t bytes[WIRE_MAX];

	ck_assert(take(bytes, core_answer(syn, spec, bytes)));
}

static inline void answer_icmp(const struct syn *syn, uint8_t type, uint8_t code)
{
	uint8_t bytes[WIRE_MAX];

	ck_assert(take(bytes, core_icmp(syn, type, code, bytes)));
}

/* The answer takes all the data; its row comes after what the server says to it. */
static inline void accept_data(const struct syn *syn)
{
	uint64_t before = sink_rows(sink);

	answer(syn, SYNACK(OPTS_NONE, CORE_DLEN));
	ck_assert_uint_eq(sink_rows(sink), before);
	elapse(PLAN_TEARDOWN_DELAY_NS);
}

/* The first request to position k, answered a round trip later. */
static inline void request_answered(uint64_t k, const struct answer_spec *spec, struct syn *syn)
{
	core_send(&core, k, 0, syn);
	elapse(CORE_RTT_NS);
	answer(syn, spec);
}

/* Position k gives a cookie, and `data` goes out. */
static inline void data_sent(uint64_t k, struct syn *data)
{
	struct followup f;
	struct syn syn;

	request_answered(k, SYNACK(OPTS_COOKIE, 0), &syn);
	elapse(PLAN_GAP_NS);
	ck_assert(core_send_followup(&core, &f, data));
	ck_assert_uint_eq(f.x, order_target(&core.s.facts.order, k));
}

static inline uint64_t count(enum stat_id id)
{
	return stat_get(&core.s.rx.stats, id);
}

/* ---- what came of it ----------------------------------------------------------------------- */

static inline unsigned int n_rows(void)
{
	return (unsigned int)sink_rows(sink);
}

/* Reads row i into cells, and the header into names. */
static inline void read_row(unsigned int i)
{
	static char text[1 << 20];
	const char *p = text, *end_of_all;
	struct err e = { "" };
	ssize_t n;

	ck_assert_msg(sink_sync(sink, &e) == 0, "%s", e.msg);
	n = pread(rows.fd, text, sizeof(text), 0);
	ck_assert(n > 0 && (size_t)n < sizeof(text));
	end_of_all = text + n;
	ck_assert_uint_ne(csv_read(&names, &p, end_of_all), 0);
	for (unsigned int k = 0; k <= i; k++) {
		ck_assert_ptr_ne(p, end_of_all);
		ck_assert_uint_eq(csv_read(&cells, &p, end_of_all), names.n);
	}
}

/* A field of the row that was read last. */
static inline const char *cell(const char *name)
{
	size_t i = 0;

	while (i < names.n && strcmp(names.field[i], name) != 0)
		i++;
	ck_assert_msg(i < names.n, "no field %s", name);
	return cells.field[i];
}

static inline uint64_t number(const char *name)
{
	const char *text = cell(name);
	char *stop;
	uint64_t n = strtoull(text, &stop, 10);

	ck_assert_msg(stop != text && *stop == '\0', "%s is '%s'", name, text);
	return n;
}

/* The row that was read last tells of syn, and of an answer to that very SYN, if of any. */
static inline void check_syn(const struct syn *syn)
{
	char text[ADDR_STRLEN];

	addr_format(syn->p.tcp.dst, text);
	ck_assert_str_eq(cell("ip"), text);
	addr_format(syn->p.tcp.src, text);
	ck_assert_str_eq(cell("source_ip"), text);
	ck_assert_uint_eq(number("source_port"), syn->p.tcp.sport);
	ck_assert_uint_eq(number("tfo_seq"), syn->p.tcp.seq);
	ck_assert_uint_eq(number("tfo_dlen"), syn->p.tcp.payload_len);
	if (*cell("tfo_ack"))
		ck_assert_uint_eq((uint32_t)(number("tfo_ack") - number("tfo_seq") - 1),
				  number("tfo_acked"));
}

/* The only row so far: of position k. */
static inline void check_row(uint64_t k, const char *verdict, unsigned int probes)
{
	char text[ADDR_STRLEN];

	ck_assert_uint_eq(n_rows(), 1);
	read_row(0);
	addr_format(targets_at(core.targets, order_target(&core.s.facts.order, k)).ip, text);
	ck_assert_str_eq(cell("ip"), text);
	ck_assert_str_eq(cell("verdict"), verdict);
	ck_assert_uint_eq(number("probes"), probes);
}

#endif
