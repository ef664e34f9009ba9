/* target: an address and a port, and what a server list says of them. */
#ifndef TFOMAP_TARGET_H
#define TFOMAP_TARGET_H

#include <stdint.h>

#include "addr.h"

#define TARGETS_DOMAIN_LEN	254
#define TARGETS_INFO_LEN	4096

struct target {
	struct addr ip;
	uint16_t port;
};

/* What a list's line says beside address and port. */
struct target_extra {
	char domain[TARGETS_DOMAIN_LEN];	/* as it was named; "" where there is none */
	char wire[TARGETS_DOMAIN_LEN];		/* as requests have it: in ASCII */
	char info[TARGETS_INFO_LEN];		/* a JSON object of the unknown keys; "" likewise */
};

static inline void target_extra_clear(struct target_extra *x)
{
	x->domain[0] = x->wire[0] = x->info[0] = '\0';
}

#endif
