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
	char domain[TARGETS_DOMAIN_LEN];	/* "" where there is none */
	char info[TARGETS_INFO_LEN];		/* a JSON object of the unknown keys; "" likewise */
};

#endif
