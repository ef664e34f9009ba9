/*
 * validate: the state that a probe carries in itself. A keyed hash over (source address,
 * destination address, destination port, probe kind, attempt) gives the SYN's sequence number and
 * its source port within the part of the port range that belongs to that kind and attempt; so a
 * reply shows which probe it answers, and that it answers one. Static inline where an in-kernel
 * program shares the arithmetic.
 */
#ifndef TFOMAP_VALIDATE_H
#define TFOMAP_VALIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "packet.h"
#include "probe.h"
#include "siphash.h"

struct err;

struct validator {
	struct siphash_key key;
	uint16_t port_first, port_last;
	uint16_t part_width;			/* ports of one (kind, attempt) */
	uint16_t part[PROBE_KINDS + 1];		/* first part of each kind; the last: how many */
};

/* What a probe's SYN carries. */
struct validate_tag {
	uint32_t seq;
	uint16_t sport;
};

/*
 * key: 16 secret bytes. attempts[k]: how many attempts of kind k there can be, 0 = kind unused.
 * -ERANGE where the port range has fewer ports than parts (message names both), -EINVAL where
 * there are no parts.
 */
int validate_init(struct validator *v, const uint8_t key[static 16], uint16_t port_first,
		  uint16_t port_last, const uint8_t attempts[static PROBE_KINDS], struct err *e);

static inline struct validate_tag
validate_tag(const struct validator *v, struct addr src, struct addr dst, uint16_t dport,
	     uint8_t kind, uint8_t attempt)
{
	uint64_t w[5], h;
	uint64_t last = (uint64_t)dport << 16 | (uint64_t)kind << 8 | attempt;

	if (dst.hi == 0 && dst.lo >> 32 == 0xffff) {
		w[0] = src.lo << 32 | (uint32_t)dst.lo;
		w[1] = last;
		h = siphash_words(&v->key, w, 2, 1, 3);
	} else {
		w[0] = src.hi;
		w[1] = src.lo;
		w[2] = dst.hi;
		w[3] = dst.lo;
		w[4] = last;
		h = siphash_words(&v->key, w, 5, 1, 3);
	}
	return (struct validate_tag){
		.seq = (uint32_t)h,
		.sport = (uint16_t)(v->port_first + (v->part[kind] + attempt) * v->part_width
				    + (((h >> 32) * v->part_width) >> 32)),
	};
}

enum validate_class {
	VALIDATE_SYNACK,	/* SYN and ACK; acked is what it acknowledges beyond the SYN */
	VALIDATE_RST,		/* RST and ACK, likewise */
	VALIDATE_RST_BARE,	/* RST without ACK: only the port fits; decides nothing */
	VALIDATE_DATA,		/* a segment with ACK, neither SYN nor RST: early data or a FIN */
	VALIDATE_ICMP,		/* an ICMP error that quotes our SYN */
	VALIDATE_SENT,		/* our own SYN, seen leaving (a saved capture) */
	VALIDATE_FOREIGN,	/* not an answer to a probe of ours */
};

struct validate_match {
	enum validate_class class;
	struct addr src;		/* ours */
	struct addr dst;		/* the target */
	uint16_t dport;
	uint8_t kind, attempt;
	struct validate_tag tag;	/* what that probe carried */
	uint32_t acked;			/* ack - seq - 1 mod 2^32: SYNACK, RST, DATA */
};

/*
 * Which probe p answers. The caller knows the payload length dlen that the probe carried and must
 * still refuse acked > dlen; here acked is only bounded by dlen_max. A DATA segment must lie in
 * the window that an answer to our SYN opens: its ack is checked like a SYN/ACK's.
 */
void validate_packet(const struct validator *v, const struct packet *p, uint32_t dlen_max,
		     struct validate_match *m);

#endif
