/*
 * read: the way of a received packet through the library, for the fuzz targets, with what must
 * hold of it whatever the bytes are. What does not hold ends the process.
 */
#ifndef TFOMAP_FUZZ_READ_H
#define TFOMAP_FUZZ_READ_H

#include <string.h>

#include "evidence.h"
#include "fuzz.h"
#include "packet.h"
#include "tcpopt.h"
#include "validate.h"

#define READ_DLEN_MAX 1024

static const uint8_t read_attempts[PROBE_KINDS] = { 2, 3, 1, 2, 0, 1, 4, 1 };

/* The validator of all runs: its key is known, so that seeds stay good. */
static inline const struct validator *read_validator(void)
{
	static struct validator v;

	if (!v.part_width)
		MUST(validate_init(&v, (const uint8_t *)"a key for fuzzes", 10000, 32767,
				   read_attempts, NULL) == 0);
	return &v;
}

static inline void read_options(const uint8_t *area, size_t len)
{
	char text[TCPOPT_TEXT_LEN];
	size_t dashes = 0;
	struct tcpopts o;

	tcpopt_parse(&o, area, len);
	MUST(o.n <= len);
	MUST((o.n == 0) == (len == 0));
	MUST(o.tfo.len <= TFO_RAW_MAX);
	MUST(!o.tfo.len || o.tfo.len + 2u <= len);
	MUST((o.tfo.state == TFO_ABSENT) == (o.tfo.kind == 0));
	MUST(o.tfo.state != TFO_COOKIE || tfo_cookie_len_ok(o.tfo.len));
	MUST(o.tfo.state != TFO_ODD || !tfo_cookie_len_ok(o.tfo.len));
	MUST(o.tfo.state != TFO_CUT || o.malformed);
	tcpopt_text(&o, text);
	for (const char *c = text; *c; c++)
		dashes += *c == '-';
	MUST(dashes == (o.n ? o.n - 1u : 0));
}

static inline void read_match(const struct packet *p, const struct validate_match *m)
{
	const struct validator *v = read_validator();
	bool own = m->class == VALIDATE_ICMP || m->class == VALIDATE_SENT;
	struct validate_tag tag;

	MUST(m->class <= VALIDATE_UNMATCHED);
	if (m->class == VALIDATE_UNMATCHED)
		return;
	MUST(m->kind < PROBE_KINDS);
	MUST(m->attempt < read_attempts[m->kind]);
	MUST(m->acked <= READ_DLEN_MAX);
	MUST(p->is_icmp == (m->class == VALIDATE_ICMP));
	MUST(addr_eq(m->src, own ? p->tcp.src : p->tcp.dst));
	MUST(addr_eq(m->dst, own ? p->tcp.dst : p->tcp.src));
	MUST(m->dport == (own ? p->tcp.dport : p->tcp.sport));
	tag = validate_tag(v, m->src, m->dst, m->dport, m->kind, m->attempt);
	MUST(tag.seq == m->tag.seq && tag.sport == m->tag.sport);
	MUST(tag.sport == (own ? p->tcp.sport : p->tcp.dport));
}

static inline void read_evidence(const struct packet *p, const struct validate_match *m)
{
	struct reply r;

	evidence_reply(&r, p, m->acked, 1);
	MUST(r.class > REPLY_NONE && r.class <= REPLY_ICMP);
	MUST((r.class == REPLY_ICMP) == p->is_icmp);
	MUST(r.opts_len == p->tcp.opts_len && r.opts_cut == p->tcp.opts_cut);
	MUST(memcmp(r.opts, p->tcp.opts, r.opts_len) == 0);
}

/* Reads a packet of len bytes; *m is filled where it parses. */
static inline enum packet_fault read_packet(const uint8_t *buf, size_t len,
					    struct validate_match *m)
{
	struct packet p;
	enum packet_fault fault = packet_parse(&p, buf, len);

	MUST(fault < PACKET_FAULTS);
	if (fault != PACKET_OK)
		return fault;
	MUST(p.tcp.opts_len <= TCPOPT_AREA_MAX);
	MUST(p.tcp.opts >= buf && p.tcp.opts + p.tcp.opts_len <= buf + len);
	MUST(addr_is_v4(p.tcp.src) == addr_is_v4(p.tcp.dst));
	MUST(p.is_icmp || p.tcp.payload_len <= 65535 - 20);
	MUST(!p.is_icmp || p.tcp.payload_len == 0);
	MUST(!p.is_icmp || addr_is_v4(p.icmp_from) == addr_is_v4(p.tcp.src));
	read_options(p.tcp.opts, p.tcp.opts_len);
	validate_packet(read_validator(), &p, READ_DLEN_MAX, m);
	read_match(&p, m);
	read_evidence(&p, m);
	return fault;
}

#endif
