#include "validate.h"

#include <errno.h>
#include <string.h>

#include "bytes.h"
#include "err.h"

int validate_init(struct validator *v, const uint8_t key[static 16], uint16_t port_first,
		  uint16_t port_last, const uint8_t attempts[static PROBE_KINDS], struct err *e)
{
	unsigned int parts = 0, ports, width;

	memset(v, 0, sizeof(*v));
	for (unsigned int k = 0; k < PROBE_KINDS; k++) {
		v->part[k] = (uint16_t)parts;
		parts += attempts[k];
	}
	v->part[PROBE_KINDS] = (uint16_t)parts;
	if (parts == 0)
		return err_set(e, EINVAL, "no probe kind is in use: nothing to validate");
	if (port_last < port_first)
		return err_set(e, ERANGE, "--source-port %u-%u: the last port is below the first",
			       port_first, port_last);
	ports = port_last - port_first + 1u;
	if (ports < parts)
		return err_set(e, ERANGE, "--source-port %u-%u: %u port%s too few for %u probe "
			       "kinds and attempts; give at least %u", port_first, port_last, ports,
			       ports == 1 ? " is" : "s are", parts, parts);
	width = ports / parts;
	v->part_width = (uint16_t)(width > UINT16_MAX ? UINT16_MAX : width);
	v->port_first = port_first;
	v->port_last = port_last;
	v->key = (struct siphash_key){ get_le64(key), get_le64(key + 8) };
	return 0;
}

/* ---- hop probes ---------------------------------------------------------------------------- */

uint32_t validate_hop_seq(uint32_t base, uint8_t ttl, bool feature, uint8_t attempt)
{
	return base ^ ((ttl - 1u) | (feature ? VALIDATE_HOP_FEATURE : 0)
		       | (uint32_t)attempt * (VALIDATE_HOP_FEATURE * 2));
}

/* The hop probe that imitates m's and has that sequence number, in its place. False: none has. */
static bool match_hop(struct validate_match *m, uint32_t base, uint32_t seq)
{
	uint32_t code = seq ^ base;

	if (code & ~VALIDATE_HOP_MASK)
		return false;
	m->hop.ttl = (uint8_t)((code & VALIDATE_HOP_TTL) + 1);
	m->hop.feature = code & VALIDATE_HOP_FEATURE;
	m->attempt = (uint8_t)(code / (VALIDATE_HOP_FEATURE * 2));
	m->tag.seq = seq;
	return true;
}

/* m is a hop probe from the port of the one that it is. */
static void become_hop(const struct validator *v, struct validate_match *m)
{
	m->hop = (struct validate_hop){
		.kind = m->kind, .attempt = m->attempt,
		.base = validate_hop_base(v, m->src, m->dst, m->dport, m->kind, m->attempt),
	};
	m->kind = PROBE_HOP;
	m->attempt = 0;
}

bool validate_hop_acked(struct validate_match *m, uint32_t ack, uint32_t acked)
{
	m->acked = acked;
	return match_hop(m, m->hop.base, ack - 1 - acked);
}

/* ---- whose it is --------------------------------------------------------------------------- */

/*
 * Fills m with the probe that src, dst, dport and our port stand for. False: the port belongs to
 * no kind and attempt, or is not the one that the hash and the turn give.
 */
static bool match_probe(const struct validator *v, struct addr src, struct addr dst,
			uint16_t dport, uint16_t sport, struct validate_match *m)
{
	if (!validate_part(v, sport, &m->kind, &m->attempt))
		return false;
	m->src = src;
	m->dst = dst;
	m->dport = dport;
	m->tag = validate_tag(v, src, dst, dport, m->kind, m->attempt);
	/* Both are ports of the same part. */
	m->turn = (uint16_t)((sport + v->part_width - m->tag.sport) % v->part_width);
	m->tag.sport = sport;
	return m->turn <= v->later_turns;
}

/* A SYN on its way out, or an ICMP error's quote of one. */
static enum validate_class match_own(const struct validator *v, const struct packet *p,
				     struct validate_match *m)
{
	const struct packet_tcp *t = &p->tcp;

	if (!match_probe(v, t->src, t->dst, t->dport, t->sport, m))
		return VALIDATE_UNMATCHED;
	if (t->seq != m->tag.seq) {
		if (!v->hops)
			return VALIDATE_UNMATCHED;
		become_hop(v, m);
		if (!match_hop(m, m->hop.base, t->seq))
			return VALIDATE_UNMATCHED;
	}
	return p->is_icmp ? VALIDATE_ICMP : VALIDATE_SENT;
}

/* Whether it acknowledges some hop probe of this 5-tuple, with some of its data or none. */
static bool match_hop_answer(const struct validator *v, uint32_t ack, uint32_t dlen_max,
			     struct validate_match *m)
{
	become_hop(v, m);
	if (ack - 1 - (m->hop.base & ~VALIDATE_HOP_MASK) > VALIDATE_HOP_MASK + dlen_max)
		return false;
	validate_hop_acked(m, ack, 0);
	return true;
}

/*
 * A segment from the target. RST is looked at before SYN, as a client does in SYN-SENT (RFC 9293
 * 3.10.7.3). The sequence number is the target's choice, so only the acknowledgement number can
 * prove it.
 */
static enum validate_class match_answer(const struct validator *v, const struct packet_tcp *t,
					uint32_t dlen_max, struct validate_match *m)
{
	if (!match_probe(v, t->dst, t->src, t->sport, t->dport, m))
		return VALIDATE_UNMATCHED;
	if (!(t->flags & TCP_ACK))
		return t->flags & TCP_RST ? VALIDATE_RST_BARE : VALIDATE_UNMATCHED;
	m->acked = t->ack - m->tag.seq - 1;
	if (m->acked > dlen_max && !(v->hops && match_hop_answer(v, t->ack, dlen_max, m)))
		return VALIDATE_UNMATCHED;
	if (t->flags & TCP_RST)
		return VALIDATE_RST;
	return t->flags & TCP_SYN ? VALIDATE_SYNACK : VALIDATE_DATA;
}

void validate_packet(const struct validator *v, const struct packet *p, uint32_t dlen_max,
		     struct validate_match *m)
{
	uint8_t flags = p->tcp.flags & (TCP_SYN | TCP_ACK | TCP_RST);
	enum validate_class class;

	memset(m, 0, sizeof(*m));
	if (p->is_icmp || flags == TCP_SYN)
		class = match_own(v, p, m);
	else
		class = match_answer(v, &p->tcp, dlen_max, m);
	if (class == VALIDATE_UNMATCHED)
		memset(m, 0, sizeof(*m));
	m->class = class;
}
