/*
 * replay: reading a saved capture: what its packets show of what was sent is noted: of the sweep in
 * the sender's struct seen and the window's statuses, of follow-ups where else the send thread
 * notes it. The one receive thread.
 */
#ifndef TFOMAP_REPLAY_H
#define TFOMAP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

struct arrival;
struct cookies;
struct rows;
struct shared;

struct replay {
	struct shared *s;
	struct cookies *cookies;
	struct rows *rows;		/* of the silent */
};

/* Our own SYN. */
void replay_sent(const struct replay *r, const struct arrival *a);

/*
 * Before an answer is taken: what its target waited for by read_ns is over. Where the capture lacks
 * its SYNs, it shows that its probe was sent.
 */
void replay_answered(const struct replay *r, const struct arrival *a, uint64_t read_ns);

/*
 * Targets whose probes all had their time by read_ns: the silent get their rows, where asked for.
 * False: there was none, or their rows find no room now.
 */
bool replay_retire(const struct replay *r, uint64_t now_ns, uint64_t read_ns);

/* At the end: says what of its run was left out. */
void replay_warn_left_out(const struct replay *r);

/* After a packet: what was requested was seen leaving. */
void replay_forget_due(const struct replay *r);

#endif
