/*
 * hitrate: notices that answers stop coming while sending goes on: a full connection-tracking
 * table, a provider that throttles, a link that fails. The order of a scan is random, so its share
 * of answers stays the same from start to end but for chance; far below it is no chance. One
 * thread; the caller reads the clock.
 */
#ifndef TFOMAP_HITRATE_H
#define TFOMAP_HITRATE_H

#include <stdbool.h>
#include <stdint.h>

struct hitrate {
	uint64_t start_ns, sent, answers;	/* where the present stretch begins */
	double usual;				/* answers per probe so far; 0: not known yet */
	bool collapsed;
};

void hitrate_init(struct hitrate *h, uint64_t now_ns);

/*
 * sent, answers: totals so far; called about once a second while sending. True once for each
 * collapse: the stretch that ended now (5 s at least, and 100 answers due) brought less than a
 * fifth of what was usual.
 */
bool hitrate_feed(struct hitrate *h, uint64_t now_ns, uint64_t sent, uint64_t answers);

#endif
