/*
 * Answers to probes, forged with the key so that they pass the hash, and then changed: the first
 * 6 bytes of the input say which answer (see struct plan), an option area follows, and the rest
 * are changes of 3 bytes each: a place in the packet and what to put there.
 */
#include "../unit/wire.h"
#include "read.h"

#define PLAN_LEN 6
#define CHANGE_LEN 3

struct plan {
	bool v4;
	uint8_t kind, attempt;
	enum validate_class class;
	uint8_t more_flags;		/* besides those that make the class */
	uint16_t acked;
	size_t opts_len;
};

static bool plan_read(struct plan *p, const uint8_t *data, size_t len)
{
	uint8_t probe;

	if (len < PLAN_LEN)
		return false;
	probe = data[1];
	p->v4 = data[0] & 1;
	p->class = (enum validate_class)(data[0] / 2 % VALIDATE_UNMATCHED);
	p->kind = probe % PROBE_KINDS;
	if (!read_attempts[p->kind])
		return false;
	p->attempt = probe / PROBE_KINDS % read_attempts[p->kind];
	p->more_flags = data[2] & (TCP_FIN | TCP_PSH | TCP_URG | TCP_ECE | TCP_CWR);
	p->acked = get_be16(data + 3);
	p->opts_len = data[5] % (TCPOPT_AREA_MAX + 1);
	return PLAN_LEN + p->opts_len <= len;
}

static uint8_t class_flags(enum validate_class class)
{
	switch (class) {
	case VALIDATE_SYNACK:
		return TCP_SYN | TCP_ACK;
	case VALIDATE_RST:
		return TCP_RST | TCP_ACK;
	case VALIDATE_RST_BARE:
		return TCP_RST;
	case VALIDATE_DATA:
		return TCP_ACK;
	case VALIDATE_ICMP:
	case VALIDATE_SENT:
		return TCP_SYN;
	case VALIDATE_UNMATCHED:
		break;
	}
	return 0;
}

/* Writes the answer that the plan asks for; returns its length. */
static size_t plan_write(const struct plan *p, const uint8_t *opts, uint8_t out[static WIRE_MAX])
{
	struct addr ours = p->v4 ? addr_from_v4(0xc6120001) : (struct addr){ 1, 2 };
	struct addr target = p->v4 ? addr_from_v4(0xc6120407) : (struct addr){ 3, 4 };
	struct validate_tag tag = validate_tag(read_validator(), ours, target, 443, p->kind,
					       p->attempt);
	bool own = p->class == VALIDATE_ICMP || p->class == VALIDATE_SENT;
	struct wire w = {
		.src = own ? ours : target, .dst = own ? target : ours,
		.sport = own ? tag.sport : 443, .dport = own ? 443 : tag.sport,
		.seq = own ? tag.seq : 7, .ack = own ? 0 : tag.seq + 1 + p->acked,
		.flags = class_flags(p->class) | p->more_flags,
		.opts = opts, .opts_len = p->opts_len, .payload_len = p->acked % 64,
	};
	uint8_t quote[WIRE_MAX];
	size_t n;

	if (p->class != VALIDATE_ICMP)
		return wire_tcp(&w, out);
	n = wire_tcp(&w, quote);
	return wire_icmp(target, ours, 3, 1, quote, n, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t buf[WIRE_MAX], *packet;
	struct validate_match m;
	struct plan p;
	size_t n;

	if (!plan_read(&p, data, len))
		return 0;
	n = plan_write(&p, data + PLAN_LEN, buf);
	packet = malloc(n);	/* of just that size: the sanitizer sees a read past it */
	MUST(packet);
	memcpy(packet, buf, n);
	MUST(read_packet(packet, n, &m) == PACKET_OK);
	if (p.class <= VALIDATE_DATA && p.class != VALIDATE_RST_BARE && p.acked > READ_DLEN_MAX) {
		MUST(m.class == VALIDATE_UNMATCHED);
	} else {
		MUST(m.class == p.class && m.kind == p.kind && m.attempt == p.attempt);
		MUST(m.acked == (class_flags(p.class) & TCP_ACK ? p.acked : 0));
	}
	for (size_t at = PLAN_LEN + p.opts_len; at + CHANGE_LEN <= len; at += CHANGE_LEN)
		packet[get_be16(data + at) % n] = data[at + 2];
	read_packet(packet, n, &m);
	free(packet);
	return 0;
}
