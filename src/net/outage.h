/* outage: an interface that takes no packets, and what the kernel says of it. */
#ifndef TFOMAP_OUTAGE_H
#define TFOMAP_OUTAGE_H

#include <stdbool.h>

#include "base/clock.h"

#define OUTAGE_MAX_NS	(10 * NS_PER_S)	/* an interface that takes nothing for so long has failed;
					 * the port of a switch may need a part of that */

#define OUTAGE_LEAST_NS	(100 * NS_PER_MS)	/* shorter ones are a full queue's */
#define OUTAGE_AFTER_NS	NS_PER_S	/* kernels look at carriers that often */

struct outage {
	bool said;			/* that nothing is taken */
};

/*
 * refused_ns: for how long the engines have taken nothing; 0: they take. Says once that, and when
 * it is over. max_ns: when the scan fails. Main thread.
 */
void outage_watch(struct outage *o, uint64_t refused_ns, const char *interface, int ifindex,
		  uint64_t max_ns);

/* What the interface does not: "is down", "has no carrier"; else "takes no packets". Any thread. */
const char *outage_state(int ifindex);

#endif
