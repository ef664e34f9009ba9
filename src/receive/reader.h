/*
 * reader: one receive thread, as it reads: from a source of its own, whatever part (rx_status.h)
 * a packet is of. What a packet is and whose needs no lock; then it is taken under the lock of its
 * part: at once where there is one part, else with others of that part, when the lock is free or
 * there are many, and before the poll ends.
 */
#ifndef TFOMAP_READER_H
#define TFOMAP_READER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/rx_source.h"

struct arrival;
struct packet;
struct reader;
struct reader_batch;
struct rx_part;
struct shared;
struct stats;

/* A packet of a probe of ours, of the part whose lock the reader has. */
typedef void reader_take_fn(struct reader *r, unsigned int part, const struct rx_frame *fr,
			    struct arrival *a);

struct reader {
	struct shared *s;
	unsigned int id;		/* of the thread, and of the part for which it does what
					 * time brings */
	struct rx_part *status;		/* of that number */
	struct rx_part *held;		/* the part whose lock it has; NULL: none */
	struct reader_batch *batches;	/* heap, owned: of each part; NULL: there is one */
	reader_take_fn *take;
	void (*taken)(struct reader *r, unsigned int part);	/* before it lets go of the lock */
	void *arg;			/* whoever takes it finds there what is its own */
	struct rx_in in;
	struct rx_lost lost;		/* so far */
	int64_t wall_offset_ns;		/* now: follows steps of the wall clock */
	int64_t former_offset_ns;	/* before the last of these */
	uint64_t now_ns;		/* a capture file's clock; live: of the last tick */
	uint64_t newest_ns;		/* when the last packet taken had come */
	uint64_t lost_ns;		/* all that was lost by then is known */
	pthread_t thread;
	bool runs;			/* it is one; the first is whoever calls rx_run() */
	char pad[64];
};

/* Of one of several: makes its batches. 0 or -ENOMEM; reader_free() in any case. */
int reader_init(struct reader *r);
void reader_free(struct reader *r);

/*
 * Whose packet it is: reads the IP packet of len bytes into *p and *a, which live as long as the
 * bytes; a->ns is the caller's to set. False: to or of no probe of ours, and counted in stats; then
 * a->fault and a->m.class say why. Needs no lock but of a saved capture, which one thread reads.
 */
bool reader_recognise(struct shared *s, struct stats *stats, const uint8_t *ip, size_t len,
		      struct packet *p, struct arrival *a);

/* Takes a part's lock, and lets go of another one; until it lets go of that. */
void reader_hold(struct reader *r, unsigned int part);
void reader_let_go(struct reader *r);

/* A packet (rx_frame_fn); arg: the reader, which may have a lock after it. */
void reader_take_frame(void *arg, const struct rx_frame *fr);

/* What comes of a packet: it is kept, where asked for, as what came at a->ns. */
void reader_save_frame(struct reader *r, const struct rx_frame *fr, const struct arrival *a);

/*
 * Takes what has come, which moves the clock of time-outs on. Returns the number of packets, or
 * -errno: then the run has failed.
 */
int reader_poll(struct reader *r);

/* At the end: how many packets it took. */
void reader_log(const struct reader *r);

/* The wall clock may have been set. */
void reader_follow_clock(struct reader *r);

/* What did not come as far as reader_take_frame(). */
void reader_count_lost(struct reader *r, uint64_t now_ns);

/* What waits for it, or of its part for send threads, is so much that more may be lost. */
bool reader_is_backlogged(const struct reader *r);

#endif
