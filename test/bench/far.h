/* What the far end's programs count, on each CPU apart. */
#ifndef FAR_H
#define FAR_H

#include <linux/types.h>

struct far_counts {
	__u64 packets;	/* IPv4 and IPv6 */
	__u64 first_ns; /* CLOCK_MONOTONIC, of the first of them */
	__u64 last_ns;	/* and of number `timed`, the last whose time was taken */
	__u64 timed;
	__u64 syns;	/* the rest is counted by those that answer */
	__u64 requests; /* SYNs with an empty TFO option */
	__u64 data;	/* SYNs with the right cookie, and data */
	__u64 resets;
	__u64 acks;
	__u64 answered;
	__u64 responses; /* `serve` */
	__u64 exceeded;	/* `chain` */
};

#endif
