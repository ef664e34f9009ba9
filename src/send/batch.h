/*
 * batch: the frames that a send thread has gathered for its engine, and what each of them is. Send
 * thread only.
 */
#ifndef TFOMAP_BATCH_H
#define TFOMAP_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "probe.h"
#include "wire/craft.h"
#include "wire/tx.h"

/* What a frame is, beside the probe kinds. */
enum {
	BATCH_TEARDOWN = PROBE_KINDS, BATCH_CARRIED, BATCH_REPLY,
	BATCH_COUNTED,			/* the engine took it once and handed it back */
	BATCH_KINDS
};

#define BATCH_NONE	UINT32_MAX

/* Whom it concerns that a frame was sent, or was not. */
struct batch_origin {
	uint64_t pos;			/* of a SYN of the sweep */
	uint32_t pass;			/* likewise; BATCH_NONE: it is none */
	uint32_t slot;			/* of a follow-up, in the cookie cache; BATCH_NONE: none */
};

struct batch {
	unsigned int n;
	unsigned int followups_end;	/* frames from there on are no follow-ups */
	struct tx_frame frames[TX_BATCH];
	uint8_t kinds[TX_BATCH], attempts[TX_BATCH];
	struct batch_origin origins[TX_BATCH];
	uint8_t bytes[TX_BATCH][CRAFT_FRAME_MAX];
};

static inline void batch_clear(struct batch *b)
{
	b->n = b->followups_end = 0;
}

/* Where the next frame is to be written; n < TX_BATCH. */
static inline uint8_t *batch_next(struct batch *b)
{
	return b->bytes[b->n];
}

/* The frame of len bytes that was written there is the batch's; its origin is nobody's yet. */
static inline void batch_add(struct batch *b, size_t len, uint8_t kind, uint8_t attempt)
{
	b->frames[b->n] = (struct tx_frame){ b->bytes[b->n], (uint32_t)len };
	b->kinds[b->n] = kind;
	b->origins[b->n] = (struct batch_origin){ 0, BATCH_NONE, BATCH_NONE };
	b->attempts[b->n++] = attempt;
}

#endif
