/* sweep_state: inside of sweep: a send thread's own. */
#ifndef TFOMAP_SWEEP_STATE_H
#define TFOMAP_SWEEP_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "send/budget.h"
#include "state/shared.h"
#include "wire/craft.h"
#include "wire/tx.h"

#define SWEEP_AHEAD	16	/* positions whose targets are worked out in one go */

/* What a frame in the batch is, beside the probe kinds, for the counters. */
enum {
	SWEEP_CLEANUP = PROBE_KINDS, SWEEP_ANSWER,
	SWEEP_AGAIN,			/* it was counted before */
	SWEEP_FRAMES_ALL
};

#define SWEEP_NONE	UINT32_MAX
#define SWEEP_BACK	256	/* positions handed back that wait, a power of two */

/* Whom it concerns that a frame was sent, or was not. */
struct sweep_origin {
	uint64_t pos;			/* of a SYN of the sweep's */
	uint32_t pass;			/* likewise; SWEEP_NONE: it is none */
	uint32_t slot;			/* of a follow-up, in the cookie cache; SWEEP_NONE: none */
};

struct sweep {
	struct shared *s;
	struct sender *sender;
	unsigned int number;		/* of the sender */
	const struct tx_ops *tx;
	void *tx_state;
	struct budget budget;
	uint64_t at[WINDOW_PASSES_MAX];	/* next position of each pass; [0] the head */
	uint32_t gateway_changes[2];	/* that are followed: IPv4, IPv6; then */
	uint8_t gateway[2][6];		/* frames go there */
	bool waits_window, waits_table, waits_receiver, waits_gateway, waits_output;
	/* Where the engine has a sweeper: */
	uint64_t granted;		/* what it may send, in all */
	uint64_t until[WINDOW_PASSES_MAX];	/* how far its passes may go */
	struct tx_progress progress;	/* how far it is */
	uint32_t lead;			/* how far it may be behind what it may send */
	bool stopped;
	struct sweep_origin back[SWEEP_BACK];	/* positions handed back, numbers back_n.. */
	uint64_t back_n, back_end;
	bool holds;			/* positions that were to be sent wait, */
	uint64_t hold[WINDOW_PASSES_MAX];	/* of each pass this, and later ones, */
	uint64_t hold_until_ns;		/* and then their time-out; UINT64_MAX: not sent yet */
	uint64_t ahead[SWEEP_AHEAD], ahead_first;	/* targets of positions ahead_first.. */
	unsigned int n_ahead;
	unsigned int n, ntold;		/* frames in the batch; of them answers to neighbours */
	struct tx_frame batch[TX_BATCH];
	uint8_t kinds[TX_BATCH], attempts[TX_BATCH];
	struct sweep_origin origins[TX_BATCH];
	uint64_t refused_ns;		/* for how long the engine has taken nothing, */
	uint64_t refused_from_ns;	/* and since when */
	uint8_t frames[TX_BATCH][CRAFT_FRAME_MAX];
};

void sweep_sleep(uint64_t ns);

/* The engine is broken, as -errno says: ends in the sender's failed and err. */
void sweep_fail(struct sweep *w, int rc);

/*
 * Sends the batch, filled at now_ns, however long the engine refuses it. False: the engine is
 * broken, or there is no time left to try again; then whom it concerns is told what was not sent.
 */
bool sweep_send(struct sweep *w, uint64_t now_ns);

/* Frames of the batch from `from` on are not sent: that nobody answers them tells nothing. */
void sweep_give_up(struct sweep *w, unsigned int from);

/* The buckets as they are at the start, at now_ns. */
void sweep_init_budget(struct sweep *w, uint64_t now_ns);

/* A pass of the sweep at position k of the sender, into the batch. */
void sweep_add_pos(struct sweep *w, uint64_t k, unsigned int pass);
void sweep_add_frame(struct sweep *w, size_t len, uint8_t kind, uint8_t attempt);

/* Counts a wait once, however long it lasts; *waiting: so far. Returns now. */
bool sweep_waits(struct sweep *w, bool *waiting, bool now, enum stat_id id);

/* Whether the sweep has to give the receive thread time; counted. */
bool sweep_pauses(struct sweep *w, uint64_t now_ns);

/* Whether nothing may be sent that brings rows, as too many wait already; counted. */
bool sweep_is_held(struct sweep *w);

/* Lets the engine's sweeper send up to max packets more. Returns how many, or -errno. */
int sweep_let(struct sweep *w, uint32_t max, uint64_t now_ns);

/* Into the batch: frames that the sweeper took and hands back, and positions; max in all. */
void sweep_add_frames_back(struct sweep *w, unsigned int max);
void sweep_add_positions_back(struct sweep *w, unsigned int max);

/* Positions that were handed back and are not to be sent any more. */
void sweep_give_up_back(struct sweep *w);

/*
 * The sweep's SYNs in the batch from `from` on, and what was handed back beside them, have to wait:
 * they count as not done until they are sent and have had their time-out, as the sweeper's logs say
 * when they were made. And: they were sent.
 */
void sweep_hold(struct sweep *w, unsigned int from);
void sweep_held_sent(struct sweep *w, uint64_t now_ns);

/* How far pass a is done, at most. */
uint64_t sweep_done(struct sweep *w, unsigned int a, uint64_t now_ns);

/* What the sweeper did since the last look, into w->at and the counters. */
void sweep_follow(struct sweep *w, uint64_t now_ns);

#endif
