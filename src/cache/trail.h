/*
 * trail: the search for a fault on the path to an entry's target (locate.h), of plan locate: which
 * probe it follows, which hop probe is under way, and what came of it. On the heap from its begin
 * until the target's row, no more than the cookie cache has entries. One lock's, as those are.
 */
#ifndef TFOMAP_TRAIL_H
#define TFOMAP_TRAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/entry.h"
#include "locate.h"

struct followup;
struct packet;
struct packet_tcp;
struct validate_match;
struct validator;

struct trail {
	uint8_t flow;			/* of the entry's, the one in question, */
	uint8_t attempt;		/* and of which attempt it has the port */
	uint8_t answer_ttl;		/* of the target's SYN/ACK */
	uint16_t dlen;			/* what that one carried */
	uint32_t base;			/* validate_hop_base() */
	struct locate_probe probe;	/* next, or under way; rests: that are left */
	bool is_answered;		/* it was, by `answer`, at answer_ns */
	struct locate_answer answer;
	uint64_t answer_ns;
	struct locate locate;		/* the last: its length varies */
};

/* All else is known of the entry's target: whether a fault on the way to it is to be looked for. */
bool trail_is_wanted(const struct plan *p, const struct entry *en);

/* Begins: the entry has its trail, of max_hops at most. False: no memory. */
bool trail_begin(const struct validator *v, unsigned int max_hops, struct entry *en);

/* The entry's row is written, or there will be none; it may have no trail. */
void trail_end(struct entry *en);

/* The probe that is next: the state that waits for its time; ENTRY_DONE: there is none. */
enum entry_state trail_next(struct entry *en);

/* A rest before it is over: whether another one follows. */
bool trail_rests_on(struct entry *en);

/* m, seen leaving, is that probe. */
bool trail_is_next(const struct entry *en, const struct validate_match *m);

/* That probe, for its sender; and that it is in its hands. */
void trail_fill(const struct entry *en, struct followup *out);
void trail_request(struct entry *en);

/* What came of it, sent at sent_ns: its answer, or nothing. */
void trail_close(struct entry *en, uint64_t sent_ns);

/* Which hop probe of the entry's *m answers, by the acknowledgment number. False: none of them. */
bool trail_match(const struct entry *en, struct validate_match *m, uint32_t ack);

/* The probe of *m as a flow, to be shown with its answer. */
void trail_describe(const struct entry *en, const struct validate_match *m, struct flow *out);

/* How an answer stands to the trail. */
enum trail_taken { TRAIL_FIRST, TRAIL_AGAIN, TRAIL_LATE };

/* Takes the answer to a probe that trail_match() found. data: what the target's payloads are. */
enum trail_taken trail_take(struct entry *en, const struct validate_match *m,
			    const struct packet *p, const uint8_t *data, uint64_t ns);

/*
 * Takes a segment that belongs to the probe in question, to which no answer was heard: the target
 * has its connection open, and acknowledges that again where a plain SYN comes to it (RFC 5961 4).
 * Whether it is that.
 */
bool trail_take_segment(struct entry *en, const struct validate_match *m,
			const struct packet_tcp *t, uint64_t ns);

#endif
