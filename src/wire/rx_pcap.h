/* rx_pcap: what comes in on an interface, by libpcap. */
#ifndef TFOMAP_RX_PCAP_H
#define TFOMAP_RX_PCAP_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct rx_in;

struct rx_live {
	const char *interface;
	const char *filter;		/* libpcap's language, of untagged packets */
	uint16_t vlan_id;		/* only packets with this 802.1Q tag; 0: any, or none */
	uint32_t buffer_len;		/* bytes of kernel buffer; 0: libpcap's default */
};

/*
 * Only what comes in and fits the filter, in the kernel: rx_pcap with a filter of one's own. Fills
 * in *out. 0, or -errno with a message.
 */
int rx_pcap_open(struct rx_in *out, const struct rx_live *live, struct err *e);

#define RX_PCAP_FILTER_LEN 640

/*
 * The filter for answers to probes, in libpcap's language: TCP to our ports, and ICMP errors; and
 * for requests of neighbours: ARP requests, solicitations.
 */
void rx_pcap_filter(uint16_t port_first, uint16_t port_last, bool arp, bool solicitations,
		    char out[static RX_PCAP_FILTER_LEN]);

#endif
