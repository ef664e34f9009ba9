/*
 * conn: connections as scripts: what comes when, what is due then, and how it ends. Sequence
 * numbers on both sides pass 2^32.
 */
#include "conn.h"

#include "evidence_rig.h"
#include "unit.h"

#define MS		1000000ull
#define TIMEOUT_NS	3000000000ull
#define PAYLOAD		TARGET_DLEN
#define IRS		0xffffffc0u	/* the server's first number */

enum { LOOK, SYN_ACK, ACK, TEXT, FIN, TEXT_FIN, RST_SEG, STOP };

struct conn_step {
	unsigned int ms;		/* after it was opened */
	int what;
	uint32_t at, len;		/* where the segment is in the response, and its length */
	unsigned int due;		/* bits of enum conn_segment */
	uint32_t acked;			/* of our payload; 0: what the SYN/ACK did */
};

struct script {
	const char *name;
	enum probe_kind kind;
	uint32_t acked;			/* by the SYN/ACK */
	unsigned int opened;		/* due at once */
	struct conn_step v[12];
	struct course course;
};

static struct rig_target t;

static void begin(struct conn *c, const struct script *s)
{
	struct flow *f;

	target_init(&t);
	f = target_send(&t, s->kind);
	flow_synack(f, TARGET_MSS, s->acked);
	f->reply.seq = IRS;
	ck_assert_uint_eq(conn_open(c, f, PAYLOAD, f->reply.time_ns), s->opened);
	ck_assert_int_eq(f->course.end, COURSE_OPEN);
}

static unsigned int take(struct conn *c, struct flow *f, const struct conn_step *st)
{
	static const uint8_t flags[] = {
		[SYN_ACK] = TCP_SYN | TCP_ACK, [ACK] = TCP_ACK, [TEXT] = TCP_ACK,
		[FIN] = TCP_ACK | TCP_FIN, [TEXT_FIN] = TCP_ACK | TCP_FIN, [RST_SEG] = TCP_RST,
	};
	uint64_t ns = c->opened_ns + st->ms * MS;
	const struct packet_tcp seg = {
		.seq = st->what == SYN_ACK ? IRS : IRS + 1 + st->at, .flags = flags[st->what],
		.ack = st->acked ? f->seq + 1 + st->acked : f->reply.ack,
		.payload_len = (uint16_t)st->len,
	};

	return conn_take(c, f, &seg, ns);
}

static const struct script scripts[] = {
	{ "a response in one segment, and its end", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, TEXT_FIN, 0, 300, CONN_ACK, 0 }, { 60, TEXT, 100, 200, CONN_ACK, 0 },
	    { 120, LOOK, 0, 0, 0, 0 }, { 121, LOOK, 0, 0, 0, 0 } },
	  COURSE(FIN, 0, true, 300) },
	{ "what comes again shows that our ACK came", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, TEXT, 0, 300, CONN_ACK, 0 }, { 60, TEXT, 0, 300, CONN_ACK, 0 },
	    { 61, FIN, 300, 0, CONN_ACK, 0 }, { 181, LOOK, 0, 0, 0, 0 } },
	  COURSE(FIN, 0, true, 300) },
	{ "nothing shows it: a SYN/ACK may come again", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, TEXT_FIN, 0, 300, CONN_ACK, 0 }, { 1490, LOOK, 0, 0, 0, 0 },
	    { 1500, LOOK, 0, 0, 0, 0 } },
	  COURSE(FIN, 0, false, 300) },
	{ "it comes again, once: the second ACK came", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, TEXT_FIN, 0, 300, CONN_ACK, 0 }, { 1000, SYN_ACK, 0, 0, CONN_ACK, 0 },
	    { 3499, LOOK, 0, 0, 0, 0 }, { 3500, LOOK, 0, 0, 0, 0 } },
	  COURSE(FIN, 1, true, 300) },
	{ "the same, of a server that does not close", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, TEXT, 0, 300, CONN_ACK, 0 }, { 1000, SYN_ACK, 0, 0, CONN_ACK, 0 },
	    { 3500, LOOK, 0, 0, 0, 0 }, { 9001, LOOK, 0, 0, 0, 0 } },
	  COURSE(SILENT, 1, true, 300) },
	{ "a RST after all was said", PROBE_TWIN, 0, CONN_DATA,
	  { { 1, TEXT_FIN, 0, 12, CONN_ACK, 0 }, { 2, RST_SEG, 13, 0, 0, 0 },
	    { 1502, LOOK, 0, 0, 0, 0 } },
	  COURSE(FIN, 0, false, 12) },
	{ "it comes again and again: the server has none of our ACKs", PROBE_DATA, PAYLOAD,
	  CONN_ACK,
	  { { 1, TEXT_FIN, 0, 300, CONN_ACK, 0 }, { 1000, SYN_ACK, 0, 0, CONN_ACK, 0 },
	    { 3000, SYN_ACK, 0, 0, CONN_ACK, 0 }, { 7000, SYN_ACK, 0, 0, 0, 0 } },
	  COURSE(SILENT, 3, false, 300) },
	{ "a SYN/ACK that was doubled on the way", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, SYN_ACK, 0, 0, 0, 0 }, { 2, SYN_ACK, 0, 0, 0, 0 } },
	  COURSE(OPEN, 0, false, 0) },
	{ "nothing but silence", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 999, LOOK, 0, 0, 0, 0 }, { 1000, LOOK, 0, 0, CONN_ACK | CONN_KEEPALIVE, 0 },
	    { 2000, LOOK, 0, 0, 0, 0 }, { 3000, LOOK, 0, 0, CONN_ACK | CONN_KEEPALIVE, 0 },
	    { 7000, LOOK, 0, 0, CONN_ACK | CONN_KEEPALIVE, 0 }, { 8999, LOOK, 0, 0, 0, 0 },
	    { 9000, LOOK, 0, 0, 0, 0 } },
	  COURSE(SILENT, 0, false, 0) },
	{ "who says that it is there has our ACK; whether it stays is seen", PROBE_DATA, PAYLOAD,
	  CONN_ACK,
	  { { 1000, LOOK, 0, 0, CONN_ACK | CONN_KEEPALIVE, 0 }, { 1020, ACK, 0, 0, 0, 0 },
	    { 3000, LOOK, 0, 0, CONN_ACK | CONN_KEEPALIVE, 0 },
	    { 7000, LOOK, 0, 0, CONN_ACK | CONN_KEEPALIVE, 0 },
	    { 9000, LOOK, 0, 0, 0, 0 } },
	  COURSE(SILENT, 0, true, 0) },
	{ "an ACK within a round trip is no answer to ours", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 19, ACK, 0, 0, 0, 0 }, { 1000, LOOK, 0, 0, CONN_ACK | CONN_KEEPALIVE, 0 } },
	  COURSE(OPEN, 0, false, 0) },
	{ "the response is slow, and comes drop by drop", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 8000, TEXT, 0, 1, CONN_ACK, 0 }, { 16000, TEXT, 1, 1, CONN_ACK, 0 },
	    { 24999, LOOK, 0, 0, 0, 0 }, { 25000, LOOK, 0, 0, 0, 0 } },
	  COURSE(SILENT, 0, false, 2) },
	{ "however long it drips, some time is enough", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 54000, TEXT, 0, 1, CONN_ACK, 0 }, { 59999, LOOK, 0, 0, 0, 0 },
	    { 60000, LOOK, 0, 0, 0, 0 } },
	  COURSE(SILENT, 0, false, 1) },
	{ "out of order: what is missing is awaited", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, TEXT, 100, 100, CONN_ACK, 0 }, { 2, TEXT_FIN, 200, 50, CONN_ACK, 0 },
	    { 50, TEXT, 0, 150, CONN_ACK, 0 }, { 51, TEXT_FIN, 100, 150, CONN_ACK, 0 } },
	  { .end = COURSE_OPEN, .response_len = 250, .gap = true } },
	{ "64 KiB are enough", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 30, TEXT, 0, 65535, CONN_ACK, 0 }, { 31, TEXT, 65535, 1, CONN_ACK, 0 } },
	  COURSE(FULL, 0, false, 65536) },
	{ "a RST in the window", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, TEXT, 0, 100, CONN_ACK, 0 }, { 2, RST_SEG, 100, 0, 0, 0 },
	    { 1501, LOOK, 0, 0, 0, 0 }, { 1502, LOOK, 0, 0, 0, 0 } },
	  COURSE(RESET, 0, false, 100) },
	{ "a RST for what came before", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, TEXT, 0, 100, CONN_ACK, 0 }, { 2, RST_SEG, 0, 0, 0, 0 },
	    { 1502, LOOK, 0, 0, 0, 0 } },
	  COURSE(RESET, 0, false, 100) },
	{ "what was on its way behind a RST", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, RST_SEG, 0, 0, 0, 0 }, { 120, TEXT, 0, 100, 0, 0 }, { 1501, LOOK, 0, 0, 0, 0 } },
	  COURSE(RESET, 0, false, 0) },
	{ "a RST of which the server does not know: it goes on", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, TEXT_FIN, 0, 100, CONN_ACK, 0 }, { 2, RST_SEG, 101, 0, 0, 0 },
	    { 999, LOOK, 0, 0, 0, 0 }, { 1000, SYN_ACK, 0, 0, 0, 0 } },
	  { .end = COURSE_RESET, .response_len = 100, .goes_on = true } },
	{ "a RST out of the window is somebody else's", PROBE_DATA, PAYLOAD, CONN_ACK,
	  { { 1, TEXT, 0, 100, CONN_ACK, 0 }, { 2, RST_SEG, 65636, 0, 0, 0 },
	    { 3, RST_SEG, 0xffffffff, 0, 0, 0 } },
	  COURSE(OPEN, 0, false, 100) },
	{ "the twin: data behind the handshake", PROBE_TWIN, 0, CONN_DATA,
	  { { 30, ACK, 0, 0, 0, PAYLOAD }, { 31, TEXT_FIN, 0, 300, CONN_ACK, PAYLOAD },
	    { 151, LOOK, 0, 0, 0, 0 } },
	  COURSE(FIN, 0, true, 300) },
	{ "the twin: its data is lost, and sent again", PROBE_TWIN, 0, CONN_DATA,
	  { { 1000, LOOK, 0, 0, CONN_DATA, 0 }, { 1010, SYN_ACK, 0, 0, CONN_DATA, 0 },
	    { 3000, LOOK, 0, 0, CONN_DATA, 0 }, { 3020, TEXT, 0, 300, CONN_ACK, PAYLOAD },
	    { 7000, LOOK, 0, 0, 0, 0 } },
	  COURSE(OPEN, 1, true, 300) },
	{ "data of which half was taken", PROBE_DATA, PAYLOAD / 2, CONN_DATA,
	  { { 1000, LOOK, 0, 0, CONN_DATA, PAYLOAD / 2 } }, COURSE(OPEN, 0, false, 0) },
	{ "an ACK of what was not sent changes nothing", PROBE_TWIN, 0, CONN_DATA,
	  { { 1, ACK, 0, 0, 0, PAYLOAD + 1 }, { 1000, LOOK, 0, 0, CONN_DATA, 0 } },
	  COURSE(OPEN, 0, false, 0) },
};

TEST_EACH(takes, scripts)
{
	struct flow *f = &t.flows[0];
	struct conn c;

	begin(&c, row);
	for (const struct conn_step *st = row->v; st < row->v + N_OF(row->v) && st->ms; st++) {
		unsigned int due = st->what == LOOK
				   ? conn_look(&c, f, TIMEOUT_NS, c.opened_ns + st->ms * MS)
				   : take(&c, f, st);

		ck_assert_msg(due == st->due, "%s, at %u ms: %u is due", row->name, st->ms, due);
	}
	ck_assert_msg(f->course.end == row->course.end, "%s: end %u", row->name, f->course.end);
	ck_assert_uint_eq(f->course.response_len, row->course.response_len);
	ck_assert_uint_eq(f->course.synacks, row->course.synacks);
	ck_assert_int_eq(f->course.ack_came, row->course.ack_came);
	ck_assert_int_eq(f->course.goes_on, row->course.goes_on);
	ck_assert_int_eq(f->course.gap, row->course.gap);
}

/* What came before our ACK could be answered is early. */
TEST(early_response)
{
	const struct script s = { "", PROBE_DATA, PAYLOAD, CONN_ACK, { { 0 } }, { 0 } };
	const struct conn_step early = { 19, TEXT, 0, 100, 0, 0 };
	const struct conn_step later = { 20, TEXT, 100, 50, 0, 0 };
	struct conn c;

	begin(&c, &s);
	take(&c, &t.flows[0], &early);
	take(&c, &t.flows[0], &later);
	ck_assert_uint_eq(t.flows[0].rlen, 100);
	ck_assert_uint_eq(t.flows[0].course.response_len, 150);
	ck_assert_uint_eq(c.rcv_nxt, IRS + 1 + 150);
}

/* However small the segments are, the host draws so many ACKs and no more. */
TEST(segments_are_bounded)
{
	const struct script s = { "", PROBE_DATA, PAYLOAD, CONN_ACK, { { 0 } }, { 0 } };
	struct conn_step step = { 30, TEXT, 0, 1, 0, 0 };
	struct conn c;

	begin(&c, &s);
	c.sent = CONN_SEGMENTS_MAX - 1;
	take(&c, &t.flows[0], &step);
	ck_assert_int_eq(t.flows[0].course.end, COURSE_OPEN);
	c.sent++;
	step.at++;
	take(&c, &t.flows[0], &step);
	ck_assert_int_eq(t.flows[0].course.end, COURSE_FULL);
}
