/* outage: says when an interface takes no packets, and when it takes them again. */
#ifndef TFOMAP_OUTAGE_H
#define TFOMAP_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

struct outage {
	bool said;			/* that nothing is taken */
};

/*
 * refused_ns: for how long the engines have taken nothing; 0: they take. Says once that, and when
 * it is over. max_ns: when the scan fails. Main thread.
 */
void outage_watch(struct outage *o, uint64_t refused_ns, const char *interface, int ifindex,
		  uint64_t max_ns);

#endif
