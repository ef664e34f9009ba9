/* netlink: one rtnetlink socket: a request and its answers (libmnl). */
#ifndef TFOMAP_NETLINK_H
#define TFOMAP_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

#define NETLINK_BUF	32768	/* answers come in datagrams of up to this many bytes */
#define NETLINK_REQUEST	512	/* more than the largest request */

/* 0 or -errno. To be closed by mnl_socket_close(). */
int netlink_open(struct mnl_socket **out);

/*
 * Begins a request in buf (NETLINK_REQUEST bytes) with a family header of extra_len bytes, zeroed;
 * *extra points to it.
 */
struct nlmsghdr *netlink_begin(void *buf, uint16_t type, uint16_t flags, void **extra,
			       size_t extra_len);

void netlink_put_addr(struct nlmsghdr *nlh, uint16_t attribute, struct addr a);

/*
 * Sends the request, which is no dump, and reads to the end of its answer; fn (libmnl's rules, may
 * be NULL) sees each message. 0, or -errno: the kernel's or of the socket.
 */
int netlink_request(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t fn, void *arg);

/*
 * The same for a request with NLM_F_DUMP, over a socket of its own. Where the kernel says that
 * what it dumped changed meanwhile it is queried again, so fn may see a message twice. The kernel
 * filters by the attributes of the request if it is new enough: fn must, too.
 */
int netlink_dump(struct nlmsghdr *nlh, mnl_cb_t fn, void *arg);

/* The address in attr, of 4 or 16 bytes; false: of another length. */
bool netlink_get_addr(const struct nlattr *attr, struct addr *out);

/* AF_INET or AF_INET6, as a is. */
uint8_t netlink_family(struct addr a);

#endif
