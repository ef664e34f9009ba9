/* rx_filter: which packets may be answers, in libpcap's language: for the kernel to choose by. */
#ifndef TFOMAP_RX_FILTER_H
#define TFOMAP_RX_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define RX_FILTER_LEN 640

/*
 * The filter for answers to probes: TCP to our ports, and ICMP errors; and for questions of
 * neighbours: ARP requests, solicitations.
 */
void rx_filter(uint16_t port_first, uint16_t port_last, bool arp, bool solicitations,
	       char out[static RX_FILTER_LEN]);

#endif
