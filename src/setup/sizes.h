/*
 * sizes: how many threads a scan is worth, and how much memory windows, rings, cookie cache
 * and the receiver's buffer get. A function of what is given alone.
 */
#ifndef TFOMAP_SETUP_SIZES_H
#define TFOMAP_SETUP_SIZES_H

#include <stdbool.h>
#include <stdint.h>

#include "state/sender.h"

struct config;

struct sizes_basis {
	const struct config *config;	/* rate, bandwidth, times, numbers of threads, save_pcap */
	uint64_t positions;		/* of a saved capture: SEEN_MAX at most */
	unsigned int retries;
	long cores;
	unsigned int senders;		/* so many, whatever else; 0: as is best */
	bool one_sender;		/* nothing sends, or to one output */
	bool one_receiver;		/* nothing can answer, or a capture is read */
	bool sweeps;			/* the engine has a sweeper */
	bool is_fast;			/* it does, or is the fastest of those that do not */
	bool keep_all;			/* of a saved capture: all positions stay in sight, whose
					 * packets may come in any density */
};

struct sizes {
	unsigned int senders;		/* 1 or more */
	unsigned int receivers;		/* likewise; no more than senders */
	struct sender_sizes sender;	/* of each */
	uint32_t table;			/* slots of the cookie cache, a power of two */
	uint64_t unread;		/* packets that may come within RX_UNREAD_MS */
};

void sizes_choose(const struct sizes_basis *b, struct sizes *out);

#endif
