/*
 * proxy: source addresses of the user's that nobody owns, neither this host's kernel nor another
 * neighbour: as long as it runs, tfomap replies to ARP requests and neighbour solicitations for
 * them (proxy ARP and ND), so that the answers to probes find their way here. The receive threads
 * take the requests, the first send thread makes the replies.
 */
#ifndef TFOMAP_PROXY_H
#define TFOMAP_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/craft_neigh.h"

struct facts;
struct ring;
struct rx_frame;
struct stats;

struct proxies {
	int groups;			/* a socket: member of the groups that IPv6 addresses are
					 * asked for in; 0: none */
};

/*
 * Main thread, before the others: from now on requests for the sources marked `proxied` are taken
 * into the ring, and replied to with link's src and vlan_id. 0, or -ENOMEM with a message.
 */
int proxy_open(struct facts *f, struct ring *requests, const struct craft_link *link,
	       struct err *e);

/*
 * Likewise: the kernel joins the groups in which the proxied IPv6 addresses are asked for on the
 * interface (RFC 4291 2.7.1), and reports it to the link (MLD). Where that fails it is logged.
 */
void proxy_join(struct proxies *c, const struct facts *f, int ifindex);
void proxy_close(struct proxies *c, struct ring *requests);

/* Whether a source of that family is proxied. */
bool proxy_any(const struct facts *f, bool v6);

/* Whether a frame is one. */
bool proxy_is_request(const struct rx_frame *frame);

/*
 * Receive threads, one at a time: takes a frame if it is a neighbour request, sound or not, for a
 * source of ours or not; counts it. False: something else.
 */
bool proxy_take_request(const struct facts *f, struct ring *requests, struct stats *stats,
			const struct rx_frame *frame);

/* Send thread: the next reply that is due, into out; returns its length, 0: there is none. */
size_t proxy_next_reply(const struct facts *f, struct ring *requests,
			uint8_t out[static CRAFT_NEIGH_MAX]);

#endif
