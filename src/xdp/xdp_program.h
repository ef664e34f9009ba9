/*
 * xdp_program: the program that sweeps in the kernel (bpf/sweep.bpf.c), loaded for one sender: its
 * facts, its maps, and what both sides see of them. It is one of two, by the way that its packets
 * take; all else is the same. Main thread, but for xdp_program_run().
 */
#ifndef TFOMAP_XDP_PROGRAM_H
#define TFOMAP_XDP_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "kernel_sweep.h"

struct sweep_bpf;
struct tx_sweep;
struct window;

#define XDP_ETHERTYPE	12	/* where in a frame */

enum xdp_way {
	XDP_WAY_DRIVER,		/* live frames, to the driver's XDP */
	XDP_WAY_TC,		/* clones of one packet, sent as any packet is */
};

struct xdp_program {
	enum xdp_way way;
	struct sweep_bpf *bpf;
	volatile struct sweep_limits *limits;	/* tfomap's to write */
	volatile struct sweep_marks *marks;	/* the program's */
	struct sweep_frame *frames;		/* [SWEEP_FRAMES], tfomap's */
	void *status, *logs;			/* the window's memory */
	size_t status_len, logs_len;		/* bytes */
	unsigned int arms, passes;
	uint32_t len[WINDOW_ARMS_MAX][2];	/* of each arm's frames, IPv4 and IPv6 */
	uint16_t ethertype[2];		/* what they begin with */
};

/*
 * Opens the program, sets its facts and loads it into the kernel. Packets leave on the interface
 * of that index. 0, or -errno, and *what could not be done; xdp_program_unload() in any case.
 */
int xdp_program_load(struct xdp_program *p, enum xdp_way way, const struct tx_sweep *sweep,
		     int ifindex, const char **what);

/* From here on it sees what the driver takes and refuses (by tc it does by itself). Likewise. */
int xdp_program_attach(struct xdp_program *p, const char **what);

/* The window goes on in the maps' memory, as long as the program is loaded. Likewise. */
int xdp_program_take_window(struct xdp_program *p, struct window *w, const char **what);

/*
 * Runs it n times, each for a live frame, or for up to SWEEP_TC_RUN_MAX packets by tc, on the core
 * that this is called on; a signal ends that. 0, or -errno: -EINTR, or it cannot be run.
 */
int xdp_program_run(const struct xdp_program *p, uint32_t n);

void xdp_program_unload(struct xdp_program *p);

/* Reads a mark, and what was written before it. */
static inline uint64_t xdp_mark(const volatile uint64_t *mark)
{
	return __atomic_load_n(mark, __ATOMIC_ACQUIRE);
}

/* Sets a limit: release, after what was written before it. */
static inline void xdp_limit(volatile uint64_t *limit, uint64_t v)
{
	__atomic_store_n(limit, v, __ATOMIC_RELEASE);
}

#endif
