/*
 * plan: which probe a target still needs, as a pure function of what is known of it. A probe goes
 * out only if it can still change the verdict.
 */
#ifndef TFOMAP_PLAN_H
#define TFOMAP_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence.h"

#define PLAN_FLOWS_MAX	3	/* survey: request, data, data once more */
#define PLAN_GAP_NS	20000000ull	/* one target's probes are at least this far apart */
#define PLAN_LINGER_NS	1000000000ull	/* after a RST or an ICMP error: an injected one comes
					 * before the SYN/ACK, by less than a round trip */

#define PLAN_SETTLE_NS	200000000ull	/* after SYN data was taken: what the server says to it */

struct plan {
	unsigned int retries;		/* of the sweep's probe to the silent, 0..15 */
	bool payload;			/* there is one: else `data` is never sent */
};

struct plan_want {
	uint8_t kind;			/* enum probe_kind */
	uint8_t attempt;		/* the first attempt number of this flow */
	struct tfo_option cookie;	/* to be sent */
};

/* Attempts of one follow-up flow: follow-ups are retried 2 times at least. */
unsigned int plan_followup_attempts(const struct plan *p);

/* How many attempts of each kind there can be (validate_init()). */
void plan_attempts(const struct plan *p, uint8_t attempts[static PROBE_KINDS]);

/* The place in a target's flows of an answered (kind, attempt): 0 the first of its kind, 1 the second. */
unsigned int plan_generation(const struct plan *p, uint8_t kind, uint8_t attempt);

/* The next probe for a target of which nothing is under way. False: its row can be written. */
bool plan_next(const struct plan *p, const struct evidence *ev, struct plan_want *w);

#endif
