/*
 * kernel_answers: what tfomap and the program that takes answers in the driver (answers.bpf.c)
 * share. Plain fixed-width integers, in host order.
 */
#ifndef TFOMAP_KERNEL_ANSWERS_H
#define TFOMAP_KERNEL_ANSWERS_H

#include <stdint.h>

#include "validate_tag.h"

#define SHORT_SNAPLEN	88	/* most SYN/ACKs of IPv4 */
#define ANSWER_SNAPLEN	136	/* Ethernet, IPv4 and TCP headers with all options */
#define ERROR_SNAPLEN	256	/* a whole ICMP quote; a request of a neighbour */
#define ANSWERS_RINGS_MAX 16	/* one for each receive thread */

struct answers_facts {
	struct validator validator;
	uint32_t dlen_max;		/* payload bytes that a SYN may have carried */
	uint32_t arp_requests, solicitations;
	uint32_t rings;			/* in use; 0 is one */
};

/* A frame in the ring: as much of it as its kind of record has room for. */
struct answers_record {
	uint64_t ns;			/* CLOCK_MONOTONIC */
	uint32_t caplen, len;
	uint8_t bytes[];
};

/* Of each CPU. */
struct answers_marks {
	uint64_t lost;			/* no room in the ring */
	uint64_t unmatched;		/* TCP to our ports that answers no probe */
};

#endif
