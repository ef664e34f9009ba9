/*
 * gateway_status: where the gateways are: as they were found before the scan, and what the threads
 * of the scan see of them (gateway.h).
 */
#ifndef TFOMAP_GATEWAY_STATUS_H
#define TFOMAP_GATEWAY_STATUS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

/* The gateway of one family, as it was found. */
struct gateway_known {
	bool is_followed;		/* frames go to it, and not as the user said */
	bool is_fixed;			/* in the kernel's table, which alone may change it */
	struct addr ip, requester;		/* and our address to send requests from */
	uint8_t mac[6];
};

/* Where frames of a family go that no neighbour on the link takes. */
struct gateway_now {
	_Atomic uint32_t changes;	/* it has moved, or is back, that often */
	_Atomic uint64_t mac;		/* since the first of them */
	_Atomic uint64_t heard_ns;	/* before the last of them it was last heard */
};

/* What other threads see: main writes. */
struct gateway_status {
	struct gateway_now now[2];	/* [0] IPv4, [1] IPv6 */
	_Atomic bool silent;		/* none is there to send to */
	_Atomic uint64_t reached_ns;	/* the silence of who was probed later is no proof: the
					 * gateway may be gone; 0: not known */
};

#endif
