/* iface_read: inside of iface: the kernel's messages as values. */
#ifndef TFOMAP_IFACE_READ_H
#define TFOMAP_IFACE_READ_H

#include <libmnl/libmnl.h>

#include "net/iface.h"

/* A link; false: another message. */
bool iface_read_link(const struct nlmsghdr *nlh, struct iface *i);

/* A route and its prefix, IPv4 or IPv6; false: another message. */
bool iface_read_route(const struct nlmsghdr *nlh, struct iface_route *r, struct addr *dst,
		      uint8_t *dst_len);

#endif
