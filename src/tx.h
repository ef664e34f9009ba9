/* tx: the send engines behind one table of calls. Each send thread opens an engine for itself. */
#ifndef TFOMAP_TX_H
#define TFOMAP_TX_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define TX_BATCH 64		/* frames in one call, at most */

struct tx_frame {
	const uint8_t *data;	/* from the Ethernet header on, or (iplayer) from IP's on */
	uint32_t len;
};

struct tx_setup {
	const char *interface;	/* NULL where the engine needs none */
	int ifindex;
	bool iplayer;		/* frames have no link header */
	const char *file;	/* of pcap:FILE */
	struct err *why;	/* where an engine says why send() is broken for good, if it knows
				 * better than the number tells; the send thread's */
};

struct tx_ops {
	const char *name, *doc;
	bool wire;		/* packets leave; something may answer */
	bool one_thread;	/* it has one output, which one thread writes */
	/* *state is the engine's own. 0, or -errno with a message. */
	int (*open)(void **state, const struct tx_setup *setup, struct err *e);
	/*
	 * Sends the first of n (1..TX_BATCH) frames. Returns how many were taken, 1..n, or
	 * -errno for the first: -ENOBUFS, -EAGAIN: try again soon; else broken, e.g. -ENETDOWN.
	 */
	int (*send)(void *state, const struct tx_frame *frames, unsigned int n);
	/* Writes out and closes. 0, or -errno with a message. */
	int (*close)(void *state, struct err *e);
};

extern const struct tx_ops tx_packet, tx_libnet, tx_pcap, tx_null, tx_dryrun;

/* The engine of that name ("auto": the best that runs here); NULL: none. */
const struct tx_ops *tx_find(const char *name);

#endif
