#include "receive/carry.h"

#include "cache/entry.h"
#include "state/shared.h"

/* What the next segment of the connection of f says, without data. */
static struct segment_request next_segment(const struct entry *en, const struct flow *f)
{
	const struct conn *c = &en->conn;

	return (struct segment_request){
		.x = en->x, .src = en->source, .dst = en->target.ip, .sport = f->sport,
		.dport = en->target.port, .seq = c->snd_una, .ack = c->rcv_nxt,
		.scaled = c->scaled, .stamped = c->stamped, .ts_ecr = c->ts_ecr,
	};
}

static void push_carried(struct shared *s, struct entry *en, struct segment_request r)
{
	uint64_t pos;

	r.carries_on = true;
	en->conn.sent++;
	en->conn.unsent |= !shared_push_segment(s, en->k, &r);
	en->conn.waits = ring_pushed(&shared_sender(s, en->k, &pos)->segments);
}

/* All that is not acknowledged, in segments as long as the server takes. */
static void push_data(struct shared *s, struct entry *en, const struct flow *f)
{
	struct segment_request r = next_segment(en, f);

	while (r.seq != en->conn.snd_nxt) {
		uint32_t left = en->conn.snd_nxt - r.seq;

		r.from = (uint16_t)(r.seq - f->seq - 1);
		r.len = (uint16_t)(left < en->conn.mss ? left : en->conn.mss);
		push_carried(s, en, r);
		r.seq += r.len;
	}
}

void carry_on(struct shared *s, struct entry *en, unsigned int due)
{
	const struct flow *f = entry_newest(en);
	struct segment_request r = next_segment(en, f);

	if (due & CONN_ACK)
		push_carried(s, en, r);
	if (due & CONN_DATA)
		push_data(s, en, f);
	r.seq--;
	if (due & CONN_KEEPALIVE)
		push_carried(s, en, r);
}

void carry_close(struct shared *s, const struct entry *en)
{
	const struct flow *f = entry_newest(en);
	struct segment_request r = next_segment(en, f);

	/* What the server has reset is closed. */
	if (f->course.end == COURSE_RESET && !f->course.goes_on)
		return;
	r.reset = true;
	shared_push_segment(s, en->k, &r);
}
