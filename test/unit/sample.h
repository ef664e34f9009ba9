/*
 * A target that accepts SYN data, as evidence: 192.0.2.7:443 gives the cookie 3021b9d889017eeb and
 * then acknowledges 10 of 10 bytes. For the tests of what makes rows of it.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <string.h>

#include "evidence.h"

#define SAMPLE_OFFSET_NS	1700000000000000000ll	/* 2023-11-14T22:13:20Z */
#define SAMPLE_COOKIE		"\x30\x21\xb9\xd8\x89\x01\x7e\xeb"

struct sample {
	struct flow flows[2];
	struct evidence ev;
};

static inline void sample_reply(struct flow *f, const char *opts, size_t n, uint32_t acked)
{
	f->reply = (struct reply){
		.class = REPLY_SYNACK, .flags = TCP_SYN | TCP_ACK, .ttl = 57, .df = true,
		.window = 65160, .ack = f->seq + 1 + acked, .acked = acked,
		.time_ns = f->sent_ns + 12345678,
	};
	evidence_reply_options(&f->reply, (const uint8_t *)opts, n);
}

static inline void sample_init(struct sample *s)
{
	*s = (struct sample){
		.flows = {
			{ .kind = PROBE_REQUEST, .sent = 1, .synkind = 34, .sport = 10001,
			  .seq = 1000, .sent_ns = 1000001000 },
			{ .kind = PROBE_DATA, .sent = 2, .attempt = 1, .synkind = 34, .synlen = 8,
			  .sport = 20002, .seq = 0xfffffffa, .dlen = 10, .rlen = 240,
			  .sent_ns = 1500000000 },
		},
		.ev = {
			.ip = addr_from_v4(0xc0000207), .source = addr_from_v4(0xc0000201),
			.port = 443, .nflows = 2,
		},
	};
	s->ev.flows = s->flows;
	memcpy(s->flows[1].syncookie, SAMPLE_COOKIE, 8);
	/* MSS 1460, SACK permitted, cookie, NOP, window scale 7 */
	sample_reply(&s->flows[0],
		     "\x02\x04\x05\xb4\x04\x02\x22\x0a" SAMPLE_COOKIE "\x01\x03\x03\x07", 20, 0);
	sample_reply(&s->flows[1], "\x02\x04\x05\xb4\x04\x02\x01\x03\x03\x07", 10, 10);
}

/* The same pair, but nothing ever came back. */
static inline void sample_init_silent(struct sample *s)
{
	sample_init(s);
	s->ev.nflows = 1;
	memset(&s->flows[0].reply, 0, sizeof(s->flows[0].reply));
}

#endif
