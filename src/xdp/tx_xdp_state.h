/* tx_xdp_state: inside of tx_xdp: the engine of one sender, and its program. */
#ifndef TFOMAP_TX_XDP_STATE_H
#define TFOMAP_TX_XDP_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel_sweep.h"

struct sweep_bpf;
struct tx_setup;
struct window;

enum wanted { WANTED_REST, WANTED_RUN, WANTED_END };

struct xdp_state {
	void *packet;			/* tx_packet's */
	struct sweep_bpf *bpf;
	volatile struct sweep_limits *limits;
	volatile struct sweep_marks *marks;
	void *status, *logs;		/* maps, mapped */
	struct sweep_frame *frames;	/* likewise */
	size_t status_len, logs_len;
	unsigned int sender, passes;
	unsigned int arms;
	uint32_t len[WINDOW_ARMS_MAX][2];	/* of each arm's frames, IPv4 and IPv6 */
	uint8_t tries[SWEEP_FRAMES];	/* how often each of the frames was refused before */
	uint64_t seen_taken, seen_lost;	/* marks, at the last look */
	uint64_t refused_ns;		/* since when the driver takes nothing; 0: it takes */
	bool away;			/* it takes nothing: packets go as frames meanwhile, */
	bool away_back, away_sent;	/* some were handed back since, some sent */
	unsigned int away_n;		/* times in a row, without one that the driver took */
	uint64_t used, used_ns;		/* how far it was, and since when */
	pthread_t worker;
	bool has_worker;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	enum wanted wanted;		/* under lock */
	_Atomic bool inside;		/* the worker is in the kernel */
	_Atomic int broken;		/* -errno of the worker's call */
};

/*
 * Opens the program, tells it its facts and gives it to the kernel. 0, or -errno, and *what could
 * not be done.
 */
int tx_xdp_load(struct xdp_state *x, const struct tx_setup *setup, const char **what);

/* The window's memory becomes that of the maps, as long as the program is loaded. Likewise. */
int tx_xdp_map(struct xdp_state *x, struct window *w, const char **what);

void tx_xdp_unload(struct xdp_state *x);

#endif
