/*
 * seen: what a saved capture shows of the sweep: which targets, in the order in which they come,
 * and when each of its SYNs left, exactly. Nothing is taken from the order of a sweep: the capture
 * may be of several senders, of another seed or target list, or out of order. The positions in its
 * sender (sender.h) are these targets, counted as they come. Memory is by what the capture has.
 * Receive thread.
 */
#ifndef TFOMAP_SEEN_H
#define TFOMAP_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "table.h"

#define SEEN_MAX	(1u << 30)	/* targets */
#define SEEN_NONE	UINT64_MAX	/* no position */

struct seen {
	struct table table;		/* position in the sweep -> in the sender */
	unsigned int arms, passes;	/* as the window's */
	uint64_t *sent_ns;		/* heap: [targets * passes], 0: was not seen */
	/*
	 * heap: [targets * arms]: the last attempts in the order in which they came, each by its
	 * place in sent_ns; those before `next` had their time-out.
	 */
	uint64_t *last;
	uint64_t nlast, next;
};

/* targets: so many there may be, 1..SEEN_MAX. 0 or -ENOMEM. */
int seen_init(struct seen *s, uint32_t targets, unsigned int arms, unsigned int attempts);
void seen_free(struct seen *s);

/* The position in the sender of position k of the sweep; SEEN_NONE: it was not seen. */
static inline uint64_t seen_pos(const struct seen *s, uint64_t k)
{
	uint32_t slot = table_get(&s->table, k);

	return slot == TABLE_NONE ? SEEN_NONE : slot;
}

/* The position in the sweep of pos, one that was seen. */
static inline uint64_t seen_whole(const struct seen *s, uint64_t pos)
{
	return s->table.keys[pos];
}

/* Position k, which was not seen before; SEEN_NONE: there is no room. */
uint64_t seen_add(struct seen *s, uint64_t k);

/* Its SYN of that pass was sent at ns (> 0). A copy of one that was seen says nothing. */
void seen_sent(struct seen *s, uint64_t pos, unsigned int pass, uint64_t ns);

/* When; 0: it was not seen. */
static inline uint64_t seen_ns(const struct seen *s, uint64_t pos, unsigned int pass)
{
	return pos == SEEN_NONE ? 0 : s->sent_ns[pos * s->passes + pass];
}

/*
 * The position whose last attempt, of some arm, was sent before_ns or earlier, each attempt once,
 * in the order in which they came; SEEN_NONE: there is none more yet.
 */
uint64_t seen_next(struct seen *s, uint64_t before_ns);

#endif
