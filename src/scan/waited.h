/* waited: says once of an output that it takes nothing: its reader is waited for. Main thread. */
#ifndef TFOMAP_WAITED_H
#define TFOMAP_WAITED_H

#include <stdbool.h>
#include <stdint.h>

struct scan;
struct writer;

/* A writer that is waited for. */
struct waited {
	struct writer *writer;		/* NULL: none */
	uint64_t out, since_ns;		/* records that were out, and since when no more are */
	bool said;
};

void waited_look(struct scan *sc, struct waited *w, uint64_t now_ns);

#endif
