/* rx_pcap: where packets come from: libpcap on an interface, or a capture file. Receive thread. */
#ifndef TFOMAP_RX_PCAP_H
#define TFOMAP_RX_PCAP_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct rx_pcap;

/* A packet as captured: frame from its link header on, ip behind it. wall_ns: Unix time. */
struct rx_frame {
	const uint8_t *bytes, *ip;
	uint32_t caplen, len;		/* of the frame */
	uint32_t ip_caplen;
	uint64_t wall_ns;
};

typedef void rx_frame_fn(void *arg, const struct rx_frame *f);

/*
 * Live: only what comes in, and of that only TCP to our ports and ICMP errors (a filter in the
 * kernel). buffer_len bytes of kernel buffer. 0, or -errno with a message.
 */
int rx_pcap_open_live(struct rx_pcap **out, const char *interface, uint16_t port_first,
		      uint16_t port_last, uint32_t buffer_len, struct err *e);
int rx_pcap_open_file(struct rx_pcap **out, const char *path, struct err *e);

/*
 * Hands over what is there; live it waits for it, 10 ms at most. Returns the number of packets,
 * -ENODATA at the end of a file, or another -errno with a message.
 */
int rx_pcap_poll(struct rx_pcap *r, rx_frame_fn *fn, void *arg, struct err *e);

/* Packets lost so far: by the capture (buffer full), by the interface. */
void rx_pcap_lost(struct rx_pcap *r, uint64_t *capture, uint64_t *interface);

/* After fn has had enough: rx_pcap_poll() returns before the next packet. */
void rx_pcap_break(struct rx_pcap *r);

void rx_pcap_close(struct rx_pcap *r);

#endif
