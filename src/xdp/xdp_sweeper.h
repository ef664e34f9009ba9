/*
 * xdp_sweeper: the sweep in the kernel as the send thread sees it: credit goes in, how far it has
 * come and what it could not do comes out. While the driver takes nothing the sweep is deferred:
 * what was refused is handed back, and goes by another engine.
 */
#ifndef TFOMAP_XDP_SWEEPER_H
#define TFOMAP_XDP_SWEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "xdp/xdp_frames.h"
#include "xdp/xdp_program.h"
#include "xdp/xdp_worker.h"

struct tx_sweeper;

#define XDP_REFUSED_NS	50000000u	/* the driver has taken nothing for that long: deferred */

/* Members are its own, but for the parts. */
struct xdp_sweeper {
	struct xdp_program program;
	struct xdp_frames frames;
	struct xdp_worker worker;
	uint64_t seen_taken, seen_lost;	/* marks, at the last look */
	uint64_t refused_ns;		/* since when the driver takes nothing; 0: it takes */
	bool deferred;
	bool handed_back, sent_else;	/* since it is: some was handed back, some went */
	unsigned int deferrals;		/* times in a row, without one that the driver took */
	uint64_t used, used_ns;		/* how far it was, and since when */
};

/* sender: of the shard, and of the core that it runs on. */
void xdp_sweeper_init(struct xdp_sweeper *s, unsigned int sender);

/* A frame went by the other engine. */
void xdp_sweeper_sent_else(struct xdp_sweeper *s);

/* The calls of tx.h; their state begins with a struct xdp_sweeper. */
extern const struct tx_sweeper xdp_sweeper_calls;

#endif
