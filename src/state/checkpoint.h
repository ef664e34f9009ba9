/*
 * checkpoint: what of a run is kept by --checkpoint, so that it can go on after any end: what the
 * run is, the same in all its parts, and how far it has come; and that as the text of the file
 * (JSON). Values only: who makes them and what they lead to see scan/saver.h, receive/progress.h
 * and setup/resume.h.
 */
#ifndef TFOMAP_CHECKPOINT_H
#define TFOMAP_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stats.h"
#include "config/config.h"

struct err;
struct json_t;

/* Of a sender shard: which of its positions still need a row, or a SYN. */
struct checkpoint_shard {
	uint64_t tail;			/* from here on all but those that have a row, */
	uint8_t *done;			/* and those of tail + i with bit i % 8 of byte i / 8 */
	size_t done_len, done_cap;	/* bytes; heap, owned; the last one is not 0 */
	uint64_t *pending;		/* and these before it: heap, owned; in any order */
	size_t n, cap;
};

/* How far a run has come. */
struct checkpoint_progress {
	struct checkpoint_shard shards[CONFIG_THREADS_MAX];
	uint64_t rows_from;		/* rows of positions from the tails on are after that */
	uint64_t rows_len;		/* byte of the output; so long it was, */
	uint64_t rows_hash;		/* and ended so (output/rows_read.h) */
	uint64_t counters[STATS], verdicts[VERDICTS];
};

/* A part of a run: from its start to its end, or to when it was last heard of. Unix time. */
struct checkpoint_part {
	uint64_t start_ns, end_ns;
	uint64_t sending_ns;		/* from its first SYN to its last */
	const char *reason;		/* why it ended, as in the metadata; NULL: it was killed */
};

struct checkpoint {
	/* What the run is. */
	struct json_t *options;		/* an object: every option that must not change, as text */
	uint64_t seed;
	uint8_t key[16];
	unsigned int nshards;
	uint64_t positions;
	uint64_t targets_hash, blocklist_hash;
	uint64_t cookies_len;		/* bytes of --cookie-file that it began with */
	/* How far it is. */
	struct checkpoint_progress progress;
	bool complete;			/* there is nothing left to do */
	struct checkpoint_part *parts;	/* heap, owned; the last one is the newest */
	size_t nparts;
};

void checkpoint_free(struct checkpoint *c);

/* Adds a position to the pending ones. 0 or -ENOMEM. */
int checkpoint_add_pending(struct checkpoint_shard *s, uint64_t pos);

/* Position pos >= tail is done, whether it has a row or not. 0 or -ENOMEM. */
int checkpoint_add_done(struct checkpoint_shard *s, uint64_t pos);

/* It is not, unless it has a row. */
void checkpoint_drop_done(struct checkpoint_shard *s, uint64_t pos);

/* Whether it was added; and the position after the last that was, or tail: none. */
bool checkpoint_is_done(const struct checkpoint_shard *s, uint64_t pos);
uint64_t checkpoint_done_end(const struct checkpoint_shard *s);

/* Empties it, and keeps its memory; or gives that back. */
void checkpoint_shard_clear(struct checkpoint_shard *s, uint64_t tail);
void checkpoint_shard_free(struct checkpoint_shard *s);

/* Adds a part. 0 or -ENOMEM. */
int checkpoint_add_part(struct checkpoint *c, const struct checkpoint_part *part);

/* The file's text: heap, the caller's, *len bytes. NULL: no memory. */
char *checkpoint_write(const struct checkpoint *c, size_t *len);

/*
 * Reads a file's text, which may be anything. 0, or -errno with a message; checkpoint_free() in any
 * case.
 */
int checkpoint_read(struct checkpoint *c, const char *text, size_t len, struct err *e);

#endif
