/*
 * window_status: what the window (window.h) keeps of a target in flight. Static inline, for the
 * in-kernel program too.
 */
#ifndef TFOMAP_WINDOW_STATUS_H
#define TFOMAP_WINDOW_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_ATTEMPTS_MAX	16	/* of a sweep's probe: the first and 15 retries */
#define WINDOW_ARMS_MAX		2	/* probes that a sweep sends to each target, paired */
#define WINDOW_PASSES_MAX	(WINDOW_ARMS_MAX * WINDOW_ATTEMPTS_MAX)

/*
 * Status: a byte an arm, the first arm's lowest: how many SYNs were sent, and what came of it.
 */
#define WINDOW_SENT_MASK	0x1f
#define WINDOW_RESET		0x20	/* a repeated SYN/ACK was reset once more */
#define WINDOW_DONE		0x40	/* first byte: the row is written */
#define WINDOW_ANSWERED		0x80	/* no retry is due */
#define WINDOW_UNKNOWN		0x4000	/* second: an answer found no room, or a SYN was
					 * not sent: silence proves nothing */

#define WINDOW_ARM(arm, bits)	((uint16_t)((bits) << 8 * (arm)))

/* Some arm was answered, or the row is written: the target is not one of the silent. */
#define WINDOW_KNOWN		(WINDOW_DONE | WINDOW_ARM(0, WINDOW_ANSWERED) \
				 | WINDOW_ARM(1, WINDOW_ANSWERED))

static inline unsigned int window_sent(uint16_t status, unsigned int arm)
{
	return status >> 8 * arm & WINDOW_SENT_MASK;
}

/* Whether an arm's next attempt is due where the status is this. */
static inline bool window_is_silent(uint16_t status, unsigned int arm)
{
	return !(status & (WINDOW_ARM(arm, WINDOW_ANSWERED) | WINDOW_DONE));
}

#endif
