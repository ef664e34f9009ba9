/*
 * conn: a connection that is carried on after its handshake, as a client does to read a response
 * (RFC 9293 3.10.7.4): what comes in order is counted and acknowledged, what is ours is sent again
 * at the first time-outs of RFC 6298. Values only: it says which segments are due, and notes in the
 * flow what became of the connection. Numbers are mod 2^32, times in ns of the run's clock.
 */
#ifndef TFOMAP_CONN_H
#define TFOMAP_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence.h"
#include "packet.h"

#define CONN_BYTES_MAX		65536u	/* of response that are waited for */
#define CONN_SEGMENTS_MAX	256u	/* that are sent, however much a host draws */
#define CONN_QUIET_TIMEOUTS	3u	/* so long without a byte, and it is over; */
#define CONN_LONGEST_TIMEOUTS	20u	/* and so long in all */
#define CONN_RESENDS		3u
#define CONN_RTO_NS		1000000000ull	/* RFC 6298 2; doubled each time (5.5) */

/* What is to be sent: bits. */
enum conn_segment {
	CONN_ACK = 1,			/* of all that came, without data */
	CONN_DATA = 2,			/* what is not acknowledged of ours, with the same ACK */
	CONN_KEEPALIVE = 4,		/* RFC 9293 3.8.4: who has the connection answers it */
};

struct conn {
	uint64_t opened_ns, heard_ns;	/* when the response grew last */
	uint64_t resend_ns;		/* when what is ours is sent again, unless ... */
	uint64_t synack_ns;		/* when the newest SYN/ACK came */
	uint64_t hold_ns;		/* a SYN/ACK that comes again, if one does, comes by then */
	uint64_t fin_ns, reset_ns;	/* when a FIN, in order, and a RST came; 0: none */
	uint32_t rcv_nxt, snd_una, snd_nxt;
	uint32_t ts_ecr;		/* the server's newest timestamp, where */
	bool stamped;			/* both sides have them (RFC 7323) */
	bool scaled;			/* both sides scale their windows */
	uint16_t mss;			/* most payload that the server takes at a time */
	uint16_t sent;			/* segments */
	uint8_t resends;
	bool unsent;			/* a segment of ours was lost here */
	uint32_t waits;			/* the caller's: which of ours was handed over last */
};

/*
 * A SYN/ACK answered f, whose connection is carried on with len bytes of payload in all, those on
 * the SYN among them. Returns what is due.
 */
unsigned int conn_open(struct conn *c, struct flow *f, uint16_t len, uint64_t ns);

/* A segment of the connection came. Returns what is due; f->course.end says whether it is over. */
unsigned int conn_take(struct conn *c, struct flow *f, const struct packet_tcp *t, uint64_t ns);

/* The same of time: all that came by ns was taken. */
unsigned int conn_look(struct conn *c, struct flow *f, uint64_t timeout_ns, uint64_t ns);

/* For so long what is ours has waited for its turn: the server could say nothing to it. */
void conn_pause(struct conn *c, uint64_t ns);

/*
 * Whether a RST without ACK is the server's: its sequence number is in the window (RFC 9293
 * 3.10.7.4), which nobody off the path can guess.
 */
bool conn_is_reset(const struct conn *c, const struct flow *f, const struct packet_tcp *t);

#endif
