/* tx: the send engines, by one table of operations. Each send thread opens one for itself. */
#ifndef TFOMAP_TX_H
#define TFOMAP_TX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "window_status.h"

struct err;
struct tx_sweep;

#define TX_BATCH	64	/* frames in one call, at most */
#define TX_MARK		0x7466u	/* SO_MARK of what an engine sends by the kernel's IP: of tfomap */

struct tx_frame {
	const uint8_t *data;	/* from the Ethernet header on, or (iplayer) from IP's on */
	uint32_t len;
};

struct tx_setup {
	const char *interface;	/* NULL where the engine needs none */
	int ifindex;
	bool iplayer;		/* frames have no link header */
	bool loopback;		/* the interface is lo */
	const char *file;	/* of pcap:FILE */
	const struct tx_sweep *sweep;	/* for engines with a sweeper */
	struct err *why;	/* where an engine says why send() is broken for good, if it knows
				 * better than by the errno; the send thread's */
};

/* How far a sweeper has come: the sender's next position of each pass, and packets. */
struct tx_progress {
	uint64_t at[WINDOW_PASSES_MAX], sent[WINDOW_PASSES_MAX];
	uint64_t used;		/* of those granted; all of them are in sent or handed back */
	uint64_t sent_bytes;
	uint64_t refused;		/* packets that the driver did not take: handed back, or
					 * sent again */
};

/*
 * An engine that makes the packets of a sender's sweep by itself, within the credit that it is
 * given: it marks the window and writes the send logs. Send thread only.
 */
struct tx_sweeper {
	/*
	 * It may have sent `granted` packets in all; pass s stays below position until[s]. Neither
	 * granted nor until[s] of s > 0 goes back. 0, or -errno: it is broken.
	 */
	int (*grant)(void *state, uint64_t granted, const uint64_t until[static WINDOW_PASSES_MAX],
		     uint64_t now_ns);
	void (*progress)(void *state, struct tx_progress *p);
	/*
	 * A position of a pass that it could not do, to be sent as frames are; false: none is left.
	 */
	bool (*hand_back)(void *state, uint64_t *pos, unsigned int *pass);
	/*
	 * How many frames send() takes at once; what more there is had better wait: it would go by
	 * a slower way.
	 */
	unsigned int (*frames_room)(void *state);
	/*
	 * A frame that send() took, and that could not go after all, to be sent anew: written to
	 * out, which has room for whatever send() took. Returns its length; 0: none is left.
	 */
	size_t (*hand_back_frame)(void *state, uint8_t *out);
	/* From here on those of a family go to that MAC address. */
	void (*address)(void *state, bool v6, const uint8_t mac[static 6]);
	/* No more of them from here on; returns when that is so. */
	void (*stop)(void *state);
};

struct tx_ops {
	const char *name;
	bool wire;		/* packets leave; something may answer */
	bool one_thread;	/* it has one output, which one thread writes */
	bool loopback;		/* on lo its IPv4 packets arrive, too */
	/* *state is the engine's own. 0, or -errno with a message. */
	int (*open)(void **state, const struct tx_setup *setup, struct err *e);
	/*
	 * Sends the first of n (1..TX_BATCH) frames. Returns how many were taken, 1..n, or
	 * -errno for the first: -ENOBUFS, -EAGAIN: try again soon; else broken, e.g. -ENETDOWN.
	 */
	int (*send)(void *state, const struct tx_frame *frames, unsigned int n);
	const struct tx_sweeper *sweeper;	/* NULL: it only sends frames */
	/* Writes out and closes. 0, or -errno with a message. */
	int (*close)(void *state, struct err *e);
};

#define TX(id, file, doc) extern const struct tx_ops tx_##id;
#include "config/engines.def"
extern const struct tx_ops tx_dryrun;	/* prints: --dryrun's, no word of --tx */

/* The engine of that name; NULL: none. */
const struct tx_ops *tx_find(const char *name);

/* What --tx auto takes: the best whose packets leave, which sweeps or does not; NULL: none. */
const struct tx_ops *tx_best(bool sweeps);

/* What it takes where that does not run: the next best that sweeps, else the best that does not. */
const struct tx_ops *tx_next_best(const struct tx_ops *sweeps);

#endif
