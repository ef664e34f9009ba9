/*
 * xdp_frames: frames that tfomap makes (follow-ups, segments) on their way through the program: a
 * ring that it takes them from. Those that the driver refuses go once more. Send thread.
 */
#ifndef TFOMAP_XDP_FRAMES_H
#define TFOMAP_XDP_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xdp/xdp_program.h"

struct tx_frame;

#define XDP_FRAME_TRIES_MAX	32			/* of a frame: it is refused for ever */
#define XDP_FRAMES_MARGIN	(2 * SWEEP_HANDED)	/* that may still turn out refused */

struct xdp_frames {
	const struct xdp_program *program;
	uint8_t tries[SWEEP_FRAMES];	/* how often each was refused before */
};

/*
 * Puts frames into the ring, as far as they fit: too long a one does not, nor by tc one that is no
 * IP packet. Returns how many.
 */
unsigned int xdp_frames_put(struct xdp_frames *f, const struct tx_frame *frames, unsigned int n);

/* How many fit now. */
unsigned int xdp_frames_room(const struct xdp_frames *f);

/* Those that the driver refused go into the ring again. False: one was refused too often. */
bool xdp_frames_put_again(struct xdp_frames *f);

/* The program has not yet taken all that was put. */
bool xdp_frames_wait(const struct xdp_frames *f);

/* Some are still to be sent: they were refused, or wait. */
bool xdp_frames_pending(const struct xdp_frames *f);

/*
 * While the program rests: takes one out again, those refused first. Written to out, which has room
 * for whatever was put. Returns its length; 0: there is none.
 */
size_t xdp_frames_take_back(struct xdp_frames *f, uint8_t *out);

#endif
