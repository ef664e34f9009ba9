/* rx_pcap: where packets come from: libpcap on an interface, or a capture file. Receive thread. */
#ifndef TFOMAP_RX_PCAP_H
#define TFOMAP_RX_PCAP_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/rx_source.h"

struct rx_pcap;

#define RX_FILTER_LEN 640

struct rx_live {
	const char *interface;
	const char *filter;		/* libpcap's language, of untagged packets */
	uint16_t vlan_id;		/* only packets with this 802.1Q tag; 0: any, or none */
	uint32_t buffer_len;		/* bytes of kernel buffer; 0: libpcap's default */
};

/* Only what comes in and fits the filter, in the kernel. 0, or -errno with a message. */
int rx_pcap_open_live(struct rx_pcap **out, const struct rx_live *live, struct err *e);
int rx_pcap_open_file(struct rx_pcap **out, const char *path, struct err *e);

/*
 * The filter for answers to probes: TCP to our ports, and ICMP errors; and for questions of
 * neighbours: ARP requests, solicitations.
 */
void rx_pcap_filter(uint16_t port_first, uint16_t port_last, bool arp, bool solicitations,
		    char out[static RX_FILTER_LEN]);

/*
 * Hands over what is there; live it waits for it, 10 ms at most. Returns the number of packets,
 * -ENODATA at the end of a file, or another -errno with a message.
 */
int rx_pcap_poll(struct rx_pcap *r, rx_frame_fn *fn, void *arg, struct err *e);

struct rx_pcap_counts {
	uint64_t packets;
	uint64_t unread;		/* of a file: in them is no IP, as far as can be read */
	uint16_t unread_type;		/* of the first of these: its Ethertype; 0: cut before it */
};

struct rx_pcap_counts rx_pcap_counts(const struct rx_pcap *r);	/* so far */

/* Packets lost so far: by the capture (buffer full), by the interface. */
void rx_pcap_lost(struct rx_pcap *r, uint64_t *capture, uint64_t *interface);

/* After fn has had enough: rx_pcap_poll() returns before the next packet. */
void rx_pcap_break(struct rx_pcap *r);

void rx_pcap_close(struct rx_pcap *r);

/* The calls above, for rx_in. */
extern const struct rx_ops rx_pcap_ops;

#endif
