/*
 * validate: the state that a probe carries in itself. A keyed hash over (source address,
 * destination address, destination port, probe kind, attempt) gives the SYN's sequence number and
 * its source port within the part of the port range that belongs to that kind and attempt; so a
 * reply shows which probe it answers, and that it answers one.
 */
#ifndef TFOMAP_VALIDATE_H
#define TFOMAP_VALIDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "packet.h"
#include "probe.h"
#include "validate_tag.h"

struct err;

/*
 * key: 16 secret bytes. attempts[k]: how many attempts of kind k there can be, 0 = kind unused.
 * -ERANGE where the port range has fewer ports than parts (message names both), -EINVAL where
 * there are no parts.
 */
int validate_init(struct validator *v, const uint8_t key[static 16], uint16_t port_first,
		  uint16_t port_last, const uint8_t attempts[static PROBE_KINDS], struct err *e);

enum validate_class {
	VALIDATE_SYNACK,	/* SYN and ACK; acked is what it acknowledges beyond the SYN */
	VALIDATE_RST,		/* RST and ACK, likewise */
	VALIDATE_RST_BARE,	/* RST without ACK: only the port fits; decides nothing */
	VALIDATE_DATA,		/* a segment with ACK, neither SYN nor RST: early data or a FIN */
	VALIDATE_ICMP,		/* an ICMP error that quotes our SYN */
	VALIDATE_SENT,		/* our own SYN, seen leaving (a saved capture) */
	VALIDATE_UNMATCHED,	/* not an answer to a probe of ours */
};

/* A hop probe, in place of the probe that it imitates. */
struct validate_hop {
	uint8_t kind, attempt;		/* whose port it has */
	uint8_t ttl;			/* 1..64 */
	bool feature;			/* it carries what that one carried */
	uint32_t base;			/* validate_hop_base() */
};

struct validate_match {
	enum validate_class class;
	struct addr src;		/* ours */
	struct addr dst;		/* the target */
	uint16_t dport;
	uint8_t kind, attempt;
	struct validate_hop hop;	/* kind PROBE_HOP; an answer: as if acked is 0, where that
					 * cannot be its ttl is 0 */
	struct validate_tag tag;	/* what that probe carried */
	uint16_t turn;			/* so much further was its port than v's turn has it */
	uint32_t acked;			/* ack - seq - 1 mod 2^32: SYNACK, RST, DATA */
};

/*
 * Which probe p answers. The caller knows the payload length dlen that the probe carried and must
 * still refuse acked > dlen; here acked is only bounded by dlen_max. A DATA segment must lie in
 * the window that an answer to our SYN opens: its ack is checked like a SYN/ACK's.
 */
void validate_packet(const struct validator *v, const struct packet *p, uint32_t dlen_max,
		     struct validate_match *m);

/* The sequence number of a hop probe. */
uint32_t validate_hop_seq(uint32_t base, uint8_t ttl, bool feature, uint8_t attempt);

/*
 * An answer to a hop probe taken as one that acknowledges `acked` bytes: then that is the probe.
 * False: there is none such.
 */
bool validate_hop_acked(struct validate_match *m, uint32_t ack, uint32_t acked);

#endif
