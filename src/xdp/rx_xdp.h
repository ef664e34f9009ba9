/*
 * rx_xdp: answers are told from everything else in the driver's receive path (bpf/answers.bpf.c),
 * before the kernel makes packets of its own of them, and come through a ring that both sides see.
 * The kernel does not see validated answers: who opened something has to reset it. Everything else
 * goes on untouched. Gone with the process, however that ends.
 */
#ifndef TFOMAP_RX_XDP_H
#define TFOMAP_RX_XDP_H

#include "validate_tag.h"
#include "wire/rx_source.h"

struct rx_xdp_setup {
	const char *interface;		/* Ethernet */
	int ifindex;
	uint32_t buffer_len;		/* bytes, a power of two of pages */
	const struct validator *validator;
	bool asks_arp, asks_solicit;	/* questions of neighbours are wanted, too */
};

/* Fills in *out. 0, or -errno with a message that says what to try. */
int rx_xdp_open(struct rx_in *out, const struct rx_xdp_setup *setup, struct err *e);

#endif
