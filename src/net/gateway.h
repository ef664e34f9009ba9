/*
 * gateway: where the gateways are while the scan runs. Each is asked at intervals whether it is
 * still there, and the kernel's neighbour table is watched; where one has moved, or is silent, the
 * threads are told (shared.h: gateways, gateway_silent, reached_ns), and so is the user. Main
 * thread.
 */
#ifndef TFOMAP_GATEWAY_H
#define TFOMAP_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "wire/craft.h"

struct err;
struct gateways;
struct shared;

/* The gateway of one family, as it was found. */
struct gateway_known {
	bool is_followed;		/* frames go to it, and not as the user said */
	bool is_fixed;			/* in the kernel's table, which alone may change it */
	struct addr ip, asker;		/* and our address to ask from */
	uint8_t mac[6];
};

struct gateway_link {
	const char *interface;
	int ifindex;
	struct craft_link header;	/* src and vlan_id count */
};

/*
 * known: [0] those of IPv4, [1] of IPv6. *out is NULL where there is none to follow. Before the
 * threads start. 0, or -errno with a message.
 */
int gateways_open(struct gateways **out, struct shared *s,
		  const struct gateway_known known[static 2], const struct gateway_link *link,
		  struct err *e);
void gateways_close(struct gateways *g);

/* Takes what has come, and asks what is due. */
void gateways_tick(struct gateways *g, uint64_t now_ns);

/* What to say where one is silent for so long that the scan fails; NULL: none is. g may be NULL. */
const char *gateways_lost(const struct gateways *g);

#endif
