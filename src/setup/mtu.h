/* mtu: whether the interface takes what the scan may send. Main thread, before the scan. */
#ifndef TFOMAP_SETUP_MTU_H
#define TFOMAP_SETUP_MTU_H

struct err;
struct facts;

/*
 * Holds the longest SYN of the plan, with the longest payload of all targets, against the MTU of
 * f->interface (bytes, from the IP header on; 0: there is none). 0, or -EMSGSIZE with a message.
 */
int mtu_check(const struct facts *f, unsigned int mtu, struct err *e);

#endif
