/*
 * locate: where on the path a probe is lost or changed: what is known of each hop, which SYN with a
 * small TTL comes next, and the interval that the fault lies in. Pure: who sends and who hears is
 * the caller. A feature probe carries what the probe in question carried (a TFO option, data), a
 * plain one nothing; both are of its 5-tuple. A silent hop proves nothing but beside plain SYNs
 * that it answered, at a pace that it is known to keep (doc/protocol.md 6); and no feature probe is
 * sent with a TTL that a hop did not answer to a plain SYN, so that none reaches the target.
 */
#ifndef TFOMAP_LOCATE_H
#define TFOMAP_LOCATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define LOCATE_TTL_MAX	64	/* as far as a usual SYN comes */
#define LOCATE_SYNS_MAX	60	/* that a target takes, those that brought its verdict with them */
#define LOCATE_TRIES	8	/* of one TTL, plain and feature each */

/* What is looked for. */
enum locate_goal {
	LOCATE_DROP,		/* where the probe is lost: it was blocked */
	LOCATE_CHANGE,		/* whether it arrives whole, and where not: it was answered */
};

/* What came of a probe. */
enum locate_came {
	LOCATE_SILENT, LOCATE_EXCEEDED, LOCATE_UNREACHABLE, LOCATE_RST, LOCATE_SYNACK,
};

/* What a hop's quote shows of the option, and of the data. */
enum locate_part {
	LOCATE_UNKNOWN,		/* too little is quoted, or there was none */
	LOCATE_WHOLE, LOCATE_GONE, LOCATE_CHANGED,
};

struct locate_probe {
	uint8_t ttl;
	bool feature;
	uint8_t attempt;	/* 0..LOCATE_TRIES - 1: of this TTL, and of those like it */
	uint8_t rests;		/* first the hop is left alone for so many times a bit more than a
				 * time-out, as it may limit its ICMP */
};

struct locate_answer {
	uint8_t came;		/* enum locate_came */
	uint8_t option, data;	/* enum locate_part; EXCEEDED, of a feature probe */
	struct addr from;	/* EXCEEDED, UNREACHABLE */
	uint64_t sent_ns;	/* when that probe was sent */
	uint64_t rtt_ns;	/* 0: not known */
};

/* What is known of the probe in question at a TTL. */
enum locate_state {
	LOCATE_OPEN,		/* nothing yet */
	LOCATE_PASSED,		/* it came as far; whole, where that is what is looked for */
	LOCATE_BROKEN,		/* it was lost or changed there or before, by an answer */
	LOCATE_MISSING,		/* likewise, by silence */
	LOCATE_MUTE,		/* this TTL shows nothing */
};

struct locate_hop {
	struct addr ip;		/* who answered there; all zero: nobody */
	uint64_t rtt_ns;
	uint64_t heard_ns;	/* when the last probe was sent that it answered */
	uint64_t pace_ns;	/* after the one before it answered that after so long; 0: there is
				 * none */
	uint8_t sent[2], heard[2];	/* [0] plain, [1] feature */
	uint8_t fair;		/* feature probes without an answer at a pace that it keeps */
	uint8_t state;		/* enum locate_state */
	uint8_t option, data;	/* enum locate_part */
	bool reached;		/* a plain SYN with that TTL came to the target */
	bool passed_by;		/* none did: it was answered by a hop, or twice by nobody */
	bool sure;		/* the last probe was plain, and answered */
	bool is_silent;		/* it is mute as nothing came: perhaps of a limit, for now */
	uint8_t again;		/* how often it was tried again as that */
};

struct locate {
	enum locate_goal goal;
	uint8_t guess;		/* of the distance, 1..max */
	uint8_t max;		/* the largest TTL, 1..LOCATE_TTL_MAX */
	uint8_t last;		/* the TTL of the last probe; 0: there was none */
	uint16_t sent, budget;	/* SYNs */
	struct locate_hop hop[];	/* by TTL, 0..max */
};

/* The bytes of one that goes as far as max. */
static inline size_t locate_size(unsigned int max)
{
	return sizeof(struct locate) + (max + 1) * sizeof(struct locate_hop);
}

/*
 * l: of locate_size(max) bytes. answer_ttl: of a SYN/ACK of the target. spent: SYNs that the target
 * took before.
 */
void locate_init(struct locate *l, enum locate_goal goal, unsigned int max, uint8_t answer_ttl,
		 unsigned int spent);

/* The next probe; false: there is none, nothing more can be learned. */
bool locate_next(const struct locate *l, struct locate_probe *next);

/* That probe goes out. */
void locate_send(struct locate *l, const struct locate_probe *p);

/* Whether such a probe was sent. */
bool locate_has_sent(const struct locate *l, const struct locate_probe *p);

/* What came of the last one sent; and the answer, late or another, to one that is not it. */
void locate_take(struct locate *l, const struct locate_probe *p, const struct locate_answer *a);
void locate_take_late(struct locate *l, const struct locate_probe *p,
		      const struct locate_answer *a);

struct locate_found {
	uint8_t hops;		/* the TTL that it takes to the target; 0: not known */
	bool is_wrong;		/* something is wrong, */
	uint8_t low;		/* after that hop (0: us), and */
	uint8_t high;		/* at that one or before, hops: the target; 0: not known */
};

struct locate_found locate_found(const struct locate *l);

#endif
