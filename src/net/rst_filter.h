/*
 * rst_filter: keeps the kernel from resetting what our probes open, so that a server's early answer
 * comes: an nftables table of our own, which drops resets from our source ports on their way out,
 * but for those that closed ports of this host answer a SYN with. A SYN/ACK to these ports that no
 * socket of this host waits for goes no further than to the captures, if the kernel has nft_socket;
 * raw IP sockets do not get it.
 * It belongs to this process (flag `owner`): the kernel takes it away when the process is gone,
 * however that ends. Packets that the send engines write pass below it, or have TX_MARK.
 */
#ifndef TFOMAP_RST_FILTER_H
#define TFOMAP_RST_FILTER_H

#include <stdint.h>

struct err;
struct rst_filter;

/* Needs CAP_NET_ADMIN. 0, or -errno with a message that says why there is none, and what helps. */
int rst_filter_open(struct rst_filter **out, uint16_t port_first, uint16_t port_last,
		    struct err *e);

/* Takes the table away. g may be NULL. */
void rst_filter_close(struct rst_filter *g);

#endif
