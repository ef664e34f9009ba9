/*
 * reach: whether a neighbour is still where it was, and where to it has moved: it is asked at
 * intervals, alone first, as it may answer for long, then everyone is (RFC 1122 2.3.2.1, RFC 4861
 * 7.3). What was not asked for moves nobody: it makes the next question come sooner.
 */
#ifndef TFOMAP_REACH_H
#define TFOMAP_REACH_H

#include <stdbool.h>
#include <stdint.h>

struct reach {
	uint8_t mac[6];			/* where it is */
	uint64_t every_ns;		/* from an answered question to the next */
	uint64_t asked_ns;		/* the last question */
	uint64_t waits_ns;		/* the first one that is not answered */
	uint64_t heard_ns;		/* it was there then for sure: the first question that its
					 * last answer may be to; before that: the start */
	unsigned int unanswered;	/* questions since its last answer */
	bool answers;			/* it has answered at all */
};

void reach_init(struct reach *r, const uint8_t mac[static 6], uint64_t every_ns, uint64_t now_ns);

enum reach_ask { REACH_QUIET, REACH_ASK_IT, REACH_ASK_ALL };

/* The question that is due at now_ns, which is then taken to be asked. */
enum reach_ask reach_due(struct reach *r, uint64_t now_ns);

enum reach_answer { REACH_SAME, REACH_MOVED, REACH_OTHER };

/*
 * Somebody says that the neighbour is at mac. REACH_MOVED: it is, from now on; REACH_OTHER: that
 * was not asked for, or who was there before has still time to answer.
 */
enum reach_answer reach_take(struct reach *r, const uint8_t mac[static 6]);

/* It may have moved: the next question is due now. */
void reach_doubt(struct reach *r);

/* Whether it has ceased to answer, and nobody else does. */
bool reach_gone(const struct reach *r);

#endif
