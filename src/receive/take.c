#include "receive/take.h"

#define EARLY_MAX (1u << 20)	/* no server sends more before an ACK; a forger might say so */

/*
 * How far the response reaches, on the SYN/ACK or behind it: what comes twice counts once, and
 * what overtook the SYN/ACK counts when that is there.
 */
static void measure_response(struct flow *f)
{
	uint32_t end = f->early_end - (f->reply.seq + 1);

	if (f->reply.class != REPLY_SYNACK)
		return;
	f->rlen = f->reply.payload_len;
	if (f->early && end > f->rlen && end <= EARLY_MAX)
		f->rlen = end;
}

bool take_reply(struct flow *f, const struct reply *reply)
{
	f->stripped |= evidence_stripped(f, reply);
	if (f->reply.class != REPLY_NONE && reply->class >= f->reply.class)
		return false;
	f->reset_first = reply->class == REPLY_SYNACK && f->reply.class == REPLY_RST;
	f->reply = *reply;
	measure_response(f);
	return true;
}

void take_data(struct flow *f, const struct packet_tcp *t)
{
	uint32_t end = t->seq + t->payload_len;

	if (!t->payload_len)
		return;
	if (!f->early || (int32_t)(end - f->early_end) > 0)
		f->early_end = end;
	f->early = true;
	measure_response(f);
}
