/*
 * gateway: where the gateways are while the scan runs. Each is polled at intervals whether it is
 * still there, and the kernel's neighbour table is watched; where one has moved, or is silent, the
 * others see it in a struct gateway_status, and the user, too. Main thread.
 */
#ifndef TFOMAP_GATEWAY_H
#define TFOMAP_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "net/gateway_status.h"

struct err;
struct gateways;
struct stats;

/* The scan that is watched; all of it stays the caller's. */
struct gateway_scan {
	const struct stats *sum;	/* of all threads */
	struct stats *stats;		/* main's */
	struct gateway_status *status;
	uint64_t timeout_ns;		/* of a probe */
	bool on_link;			/* targets are on the link, beside those off it */
};

struct gateway_link {
	const char *interface;
	int ifindex;
	uint8_t mac[6];			/* the interface's */
	uint16_t vlan_id;		/* 0: no 802.1Q tag */
};

/*
 * known: [0] those of IPv4, [1] of IPv6. *out is NULL where there is none to follow. Before the
 * threads start. 0, or -errno with a message.
 */
int gateways_open(struct gateways **out, const struct gateway_scan *scan,
		  const struct gateway_known known[static 2], const struct gateway_link *link,
		  struct err *e);
void gateways_close(struct gateways *g);

/* Takes the messages that have come, and sends the requests that are due. */
void gateways_tick(struct gateways *g, uint64_t now_ns);

/* What to say where one is silent for so long that the scan fails; NULL: none is. g may be NULL. */
const char *gateways_lost(const struct gateways *g);

#endif
