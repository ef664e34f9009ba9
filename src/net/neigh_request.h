/*
 * neigh_request: looks neighbours up on the link: ARP requests and neighbour solicitations, by
 * packets, whatever engine the scan has. Main thread; needs CAP_NET_RAW.
 */
#ifndef TFOMAP_NEIGH_REQUEST_H
#define TFOMAP_NEIGH_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct neigh;

struct neigh_link {
	const char *interface;
	int ifindex;
	uint8_t mac[6];			/* the interface's */
	uint16_t vlan_id;		/* 0: no 802.1Q tag */
	double rate_pps;		/* 0: no limit but our own */
	bool quiet;			/* no status line */
};

/*
 * Requests what is not sure, three times a second apart, until all is known. Who does not answer is
 * no error. 0, or -errno with a message where the link cannot be used.
 */
int neigh_resolve(struct neigh *n, const struct neigh_link *link, struct err *e);

/*
 * Looks whether somebody has what is marked with a requester that is all zero, as a host does
 * before it takes an address (RFC 5227 2.1.1, RFC 4862 5.4), but within a second: neigh_mac() then
 * says who. Likewise.
 */
int neigh_probe(struct neigh *n, const struct neigh_link *link, struct err *e);

#endif
