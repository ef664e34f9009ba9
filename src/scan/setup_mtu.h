/* setup_mtu: whether the interface takes what the scan may send. */
#ifndef TFOMAP_SETUP_MTU_H
#define TFOMAP_SETUP_MTU_H

struct err;
struct setup;

/*
 * Holds the longest SYN of the plan, with the longest payload of all targets, against the
 * interface's MTU, where there is one. After the network is known. 0, or -EMSGSIZE with a message.
 */
int setup_check_mtu(const struct setup *su, struct err *e);

#endif
