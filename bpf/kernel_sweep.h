/*
 * kernel_sweep: what tfomap and the program that sweeps in the kernel (sweep.bpf.c) share: facts,
 * set before it starts, and limits and marks, which both sides read while it runs. Plain
 * fixed-width integers, in host order. Each of these is written by one side only.
 */
#ifndef TFOMAP_KERNEL_SWEEP_H
#define TFOMAP_KERNEL_SWEEP_H

#include <stdint.h>

#include "addr.h"
#include "lookup.h"
#include "order.h"
#include "patch.h"
#include "siphash.h"
#include "validate_tag.h"
#include "window_status.h"

#define SWEEP_SOURCES_MAX	256
#define SWEEP_OVERRUNS		256	/* a power of two */
#define SWEEP_HANDED		128	/* a power of two, more than one call's batch and a bulk */
#define SWEEP_BULK_MAX		64	/* frames that the driver is given at once, at most */
#define SWEEP_HOLD_MIN_NS	50000	/* nothing more for so long, when the driver refused some */
#define SWEEP_HOLD_MAX_NS	10000000
#define SWEEP_PACED		64	/* a power of two */
#define SWEEP_FRAMES		4096	/* a power of two */
#define SWEEP_FRAME_LEN		256
#define SWEEP_PASSES		16	/* of the permutation's walk; more is an overrun */

#define SWEEP_TC_RUN_MAX	32	/* packets of one run by tc: receivers wait that long */
#define SWEEP_QUEUES_MAX	64	/* of an interface, that are looked at, the first ones */

#define SWEEP_GATEWAY_MOVED	(1ull << 48)

/*
 * How this kernel lays out an interface's transmit queues: offsets of members, bytes. queue_len 0:
 * not known.
 */
struct sweep_queues {
	uint32_t dev;			/* sk_buff: pointer to the interface */
	uint32_t queues, n_queues;	/* net_device: pointer to an array, unsigned int */
	uint32_t queue_len;		/* of an element */
	uint32_t state;			/* netdev_queue: unsigned long */
};

struct sweep_facts {
	struct order order;
	struct lookup lookup;
	struct validator validator;
	struct siphash_key source_key;
	struct addr sources[2][SWEEP_SOURCES_MAX];		/* [0] IPv4, [1] IPv6 */
	struct patch_template syn[WINDOW_ARMS_MAX][2];		/* what an arm sends */
	uint32_t n_sources[2];
	uint32_t kind[WINDOW_ARMS_MAX];				/* enum probe_kind */
	uint32_t arms, passes;					/* window.h */
	uint32_t sender, n_senders;					/* sender.h */
	uint32_t ifindex;
	uint32_t frame_len;	/* of the longest SYN: no other has to be cut */
	uint32_t flow;		/* by tc: the hash of all its packets, which share a queue by it */
	struct sweep_queues queues;
	/* One less than a power of two each: positions in the maps of the same name. */
	uint32_t status_mask, log_mask, ranges_mask, starts_mask, ports_mask;
	uint64_t log_grain_ns;
	uint64_t pace_ns;	/* at least, from SWEEP_PACED packets to the next; 0: no limit */
};

/* A position of the sender that the program could not do, or whose SYN the driver did not take. */
struct sweep_overrun {
	uint64_t pos, pass;
};

#define SWEEP_PASS_FRAME	UINT32_MAX

/* What was handed over to the driver: a position's SYN, or a frame of tfomap's, by its number. */
struct sweep_handed {
	uint64_t pos;
	uint32_t pass;			/* SWEEP_PASS_FRAME: position is the number of a frame */
	uint32_t v6;			/* 1: of IPv6 */
};

/* tfomap's: how far it may go. */
struct sweep_limits {
	uint64_t granted;		/* packets, in all */
	uint64_t until[WINDOW_PASSES_MAX];	/* pass s stays below this position */
	uint64_t overruns_taken;
	uint64_t stop;			/* nothing more is swept */
	uint64_t frames_put;		/* frames that tfomap has made, so far */
	uint64_t gateway[2];		/* of IPv4, of IPv6: SWEEP_GATEWAY_MOVED, and the MAC
					 * address; 0: as in the templates */
	uint64_t lost_frames_taken;
	uint64_t from_interface;	/* the frames are as if they had come by the interface */
};

/* The program's: how far it is. */
struct sweep_marks {
	uint64_t used;			/* of the packets granted */
	uint64_t at[WINDOW_PASSES_MAX];	/* next position of each pass */
	uint64_t sent[WINDOW_PASSES_MAX];	/* packets of each pass, IPv4 and IPv6, but for
						 * those that turn out lost */
	uint64_t ahead_pos, ahead_x;	/* the target of the position that the head comes to next */
	uint64_t sent_v6[WINDOW_ARMS_MAX];	/* of each arm's, those of IPv6 */
	uint64_t log_next[WINDOW_PASSES_MAX];	/* position from which on the log gets an entry */
	uint64_t logged[WINDOW_PASSES_MAX];	/* `granted` when it got its last entry */
	uint64_t paced_ns;		/* before then none of the next SWEEP_PACED packets */
	uint64_t task;			/* the one that runs it */
	uint64_t frames_taken;		/* of the frames put, */
	uint64_t frames_known;		/* as far as it knows of them */
	uint64_t handed;		/* packets handed over to the driver, */
	uint64_t answered;		/* of them those that it has taken or refused, in order, */
	uint64_t taken, lost;		/* and which of the two */
	int64_t error;			/* what it said to the last that it refused, -errno; 0:
					 * nothing: it had no room */
	uint64_t hold_ns, resume_ns;	/* after that: for how long nothing goes, and until when */
	uint64_t full_ns;		/* since when a queue waits for the driver; 0: none does */
	uint64_t lost_frames;		/* of tfomap's, so far, and their numbers: */
	uint64_t lost_frame[SWEEP_FRAMES];
	struct sweep_handed handover[SWEEP_HANDED];	/* the last ones handed over */
	uint64_t overruns;		/* so far; the last SWEEP_OVERRUNS of them: */
	struct sweep_overrun overrun[SWEEP_OVERRUNS];
};

/* A frame of tfomap's own, in a ring of SWEEP_FRAMES. */
struct sweep_frame {
	uint32_t len, pad;
	uint8_t bytes[SWEEP_FRAME_LEN];
};

/* A pass's send log, as sendlog.h lays it out. */
struct sweep_log_entry {
	uint64_t first, ns;
};

struct sweep_log {
	uint64_t n, pad;
	struct sweep_log_entry v[];
};

#endif
