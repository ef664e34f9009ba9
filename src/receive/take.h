/*
 * take: an answer becomes evidence: which of several to one probe decides, and how far the
 * server's response reaches. Values only.
 */
#ifndef TFOMAP_TAKE_H
#define TFOMAP_TAKE_H

#include <stdbool.h>

#include "evidence.h"

struct packet_tcp;

/*
 * Takes reply as f's answer, if it is the first or tells more: SYN/ACK before RST before ICMP. What
 * an ICMP quote shows stays known, whatever comes beside it. Whether it was taken.
 */
bool take_reply(struct flow *f, const struct reply *reply);

/* The server's data, before any ACK of ours: a segment. */
void take_data(struct flow *f, const struct packet_tcp *t);

#endif
