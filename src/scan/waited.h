/* waited: says once of an output that it takes nothing: its reader is waited for. Main thread. */
#ifndef TFOMAP_WAITED_H
#define TFOMAP_WAITED_H

#include <stdbool.h>
#include <stdint.h>

struct writer;

/* A writer that is waited for. */
struct waited {
	struct writer *writer;		/* NULL: none */
	const char *what;		/* one of its records is */
	uint64_t out, since_ns;		/* records that were out, and since when no more are */
	bool said;
};

/* interrupts: how often the run was interrupted. */
void waited_look(struct waited *w, unsigned int interrupts, uint64_t now_ns);

#endif
