#include "conn.h"

#define HOLD_NS		500000000ull	/* a server's timer, and then so much */
#define MSS_MIN		536		/* RFC 9293 3.7.1: what every host takes */
#define SYNACKS_LOST	3		/* SYN/ACKs that come again although each was answered */

static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static uint32_t first_byte(const struct flow *f)
{
	return f->reply.seq + 1;
}

/* A round trip after our first ACK; before that nothing can be its answer. */
static bool may_answer_ack(const struct conn *c, const struct flow *f, uint64_t ns)
{
	uint64_t rtt_ns = f->sent_ns && f->reply.time_ns > f->sent_ns
			  ? f->reply.time_ns - f->sent_ns : 0;

	return ns >= c->opened_ns + rtt_ns;
}

/* What is ours, as a whole: the rest of the payload, or the bare ACK. */
static unsigned int due(const struct conn *c)
{
	return c->snd_una == c->snd_nxt ? CONN_ACK : CONN_DATA;
}

static unsigned int end(struct flow *f, enum course_end how)
{
	f->course.end = (uint8_t)how;
	return 0;
}

/* What the server's SYN/ACK says of its segments and ours. */
static void take_options(struct conn *c, const struct flow *f)
{
	struct tcpopts o;

	evidence_options(f, &o);
	c->mss = o.has_mss && o.mss > MSS_MIN ? o.mss : MSS_MIN;
	c->scaled = o.has_wscale;
	c->stamped = o.has_ts;
	c->ts_ecr = o.ts_val;
}

unsigned int conn_open(struct conn *c, struct flow *f, uint16_t len, uint64_t ns)
{
	*c = (struct conn){
		.opened_ns = ns, .heard_ns = ns, .resend_ns = ns + CONN_RTO_NS, .synack_ns = ns,
		.hold_ns = ns + CONN_RTO_NS + HOLD_NS,
		.rcv_nxt = first_byte(f) + f->rlen, .snd_una = f->reply.ack,
		.snd_nxt = f->seq + 1 + len,
	};
	take_options(c, f);
	f->course = (struct course){ .end = COURSE_OPEN, .response_len = f->rlen };
	return due(c);
}

/* The server repeats it where it has no ACK of ours. */
static unsigned int take_synack(struct conn *c, struct flow *f, const struct packet_tcp *t,
				uint64_t ns)
{
	if (t->seq != f->reply.seq)
		return 0;
	/* Doubled on the way. */
	if (ns < c->synack_ns + EVIDENCE_LATE_NS / 2)
		return 0;
	c->hold_ns = ns + 2 * (ns - c->synack_ns) + HOLD_NS;
	c->synack_ns = ns;
	f->course.synacks++;
	if (f->course.synacks >= SYNACKS_LOST && !f->course.ack_came)
		return end(f, COURSE_SILENT);
	return due(c);
}

static void take_ack(struct conn *c, struct flow *f, const struct packet_tcp *t)
{
	if (t->ack == c->snd_una || t->ack - c->snd_una > c->snd_nxt - c->snd_una)
		return;
	c->snd_una = t->ack;
	f->course.ack_came = true;
}

/* Payload or FIN: what is new and in order counts. */
static void take_text(struct conn *c, struct flow *f, const struct packet_tcp *t, uint64_t ns)
{
	uint32_t ends = t->seq + t->payload_len, n = ends - c->rcv_nxt;

	if (is_before(c->rcv_nxt, t->seq))
		return;
	if (is_before(c->rcv_nxt, ends)) {
		c->rcv_nxt = ends;
		c->heard_ns = ns;
		f->course.response_len += n;
		if (f->dlen && !may_answer_ack(c, f, ns))
			f->rlen += n;
	} else if (t->payload_len && may_answer_ack(c, f, ns)) {
		/* Before our ACK a server repeats its SYN/ACK, not this. */
		f->course.ack_came = true;
	}
	if (t->flags & TCP_FIN && ends == c->rcv_nxt && !c->fin) {
		c->rcv_nxt++;
		c->fin = true;
	}
}

static bool is_full(const struct conn *c, const struct flow *f)
{
	return f->course.response_len >= CONN_BYTES_MAX || c->sent >= CONN_SEGMENTS_MAX;
}

unsigned int conn_take(struct conn *c, struct flow *f, const struct packet_tcp *t, uint64_t ns)
{
	bool text = t->payload_len > 0 || t->flags & TCP_FIN;
	struct tcpopts o;

	/* After the FIN it only says that nobody is there to read what is ours. */
	if (t->flags & TCP_RST)
		return conn_is_reset(c, f, t) ? end(f, c->fin ? COURSE_FIN : COURSE_RESET) : 0;
	if (t->flags & TCP_SYN)
		return take_synack(c, f, t, ns);
	tcpopt_parse(&o, t->opts, t->opts_len);
	if (o.has_ts)
		c->ts_ecr = o.ts_val;
	take_ack(c, f, t);
	if (!text) {
		f->course.ack_came |= may_answer_ack(c, f, ns);
		return 0;
	}
	take_text(c, f, t, ns);
	if (is_full(c, f))
		end(f, COURSE_FULL);
	else if (c->fin && f->course.ack_came)
		end(f, COURSE_FIN);
	return CONN_ACK;
}

/* What was lost may be ours: it goes once more, and who has the connection is asked to say so. */
static unsigned int resend(struct conn *c, const struct flow *f, uint64_t ns)
{
	bool waits = !f->course.response_len && !f->course.ack_came;

	if (ns < c->resend_ns || c->resends == CONN_RESENDS
	    || (c->snd_una == c->snd_nxt && !waits))
		return 0;
	c->resend_ns = ns + (CONN_RTO_NS << ++c->resends);
	return c->snd_una == c->snd_nxt ? CONN_ACK | CONN_KEEPALIVE : CONN_DATA;
}

unsigned int conn_look(struct conn *c, struct flow *f, uint64_t timeout_ns, uint64_t ns)
{
	bool held = ns < c->hold_ns && !f->course.ack_came;

	/* A SYN/ACK came again, and then no more, when the next one was due. */
	if (!held && f->course.synacks)
		f->course.ack_came = true;
	if (c->fin && !held)
		return end(f, COURSE_FIN);
	if ((ns >= c->heard_ns + CONN_QUIET_TIMEOUTS * timeout_ns && !held)
	    || ns >= c->opened_ns + CONN_LONGEST_TIMEOUTS * timeout_ns)
		return end(f, COURSE_SILENT);
	return resend(c, f, ns);
}

bool conn_is_reset(const struct conn *c, const struct flow *f, const struct packet_tcp *t)
{
	return t->flags & TCP_RST && t->seq - first_byte(f) <= c->rcv_nxt - first_byte(f) + 65535;
}
