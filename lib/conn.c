#include "conn.h"

#include <stddef.h>

#define RESET_NS	100000000ull	/* what is on its way, before a RST or because of our ACK,
					 * is here by then and a round trip */
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

static uint64_t rtt_ns(const struct flow *f)
{
	return f->sent_ns && f->reply.time_ns > f->sent_ns ? f->reply.time_ns - f->sent_ns : 0;
}

/* A round trip after our first ACK; before that nothing can be its answer. */
static bool may_answer_ack(const struct conn *c, const struct flow *f, uint64_t ns)
{
	return ns >= c->opened_ns + rtt_ns(f);
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

/* It is over, unless the server does not know of it. */
static unsigned int take_reset(struct conn *c, const struct flow *f, const struct packet_tcp *t,
			       uint64_t ns)
{
	if (conn_is_reset(c, f, t) && !c->reset_ns)
		c->reset_ns = ns;
	return 0;
}

/* Who has sent a RST has no connection any more, of which more could come than was on its way. */
static unsigned int take_after_reset(const struct conn *c, struct flow *f, uint64_t ns)
{
	if (ns < c->reset_ns + rtt_ns(f) + RESET_NS)
		return 0;
	f->course.goes_on = true;
	return end(f, COURSE_RESET);
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

	if (is_before(c->rcv_nxt, t->seq)) {
		f->course.gap |= t->payload_len > 0;
		return;
	}
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
	if (t->flags & TCP_FIN && ends == c->rcv_nxt && !c->fin_ns) {
		c->rcv_nxt++;
		c->fin_ns = ns;
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

	if (t->flags & TCP_RST)
		return take_reset(c, f, t, ns);
	if (c->reset_ns)
		return take_after_reset(c, f, ns);
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
	return CONN_ACK;
}

/*
 * What was lost may be ours: it goes once more. Who has the connection answers a keep-alive; who
 * has it no more, with a RST.
 */
static unsigned int resend(struct conn *c, const struct flow *f, uint64_t ns)
{
	bool acked = c->snd_una == c->snd_nxt;

	if (ns < c->resend_ns || c->resends == CONN_RESENDS || (acked && f->course.response_len))
		return 0;
	c->resend_ns = ns + (CONN_RTO_NS << ++c->resends);
	if (!acked)
		return CONN_DATA;
	return CONN_ACK | CONN_KEEPALIVE;
}

unsigned int conn_look(struct conn *c, struct flow *f, uint64_t timeout_ns, uint64_t ns)
{
	bool held = ns < c->hold_ns && !f->course.ack_came;

	/* After the FIN a RST only says that nobody is there to read what is ours. */
	if (c->reset_ns && ns >= c->reset_ns + CONN_RTO_NS + HOLD_NS)
		return end(f, c->fin_ns ? COURSE_FIN : COURSE_RESET);
	if (c->reset_ns)
		return 0;
	/* A SYN/ACK came again, and then no more, when the next one was due. */
	if (!held && f->course.synacks)
		f->course.ack_came = true;
	if (c->fin_ns && !held && ns >= c->fin_ns + rtt_ns(f) + RESET_NS)
		return end(f, COURSE_FIN);
	if ((ns >= c->heard_ns + CONN_QUIET_TIMEOUTS * timeout_ns && !held)
	    || ns >= c->opened_ns + CONN_LONGEST_TIMEOUTS * timeout_ns)
		return end(f, COURSE_SILENT);
	return resend(c, f, ns);
}

void conn_pause(struct conn *c, uint64_t ns)
{
	uint64_t *const times[] = {
		&c->opened_ns, &c->heard_ns, &c->resend_ns, &c->synack_ns, &c->hold_ns, &c->fin_ns,
		&c->reset_ns,
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		*times[i] += *times[i] ? ns : 0;
}

bool conn_is_reset(const struct conn *c, const struct flow *f, const struct packet_tcp *t)
{
	return t->flags & TCP_RST && t->seq - first_byte(f) <= c->rcv_nxt - first_byte(f) + 65535;
}
