/*
 * progress: how far a run has come, as a checkpoint keeps it. The first receive thread's,
 * under the locks of all parts and that of what they share; once that has ended, main's.
 */
#ifndef TFOMAP_PROGRESS_H
#define TFOMAP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

struct capfile;
struct cookiefile;
struct entry_cache;
struct saving;
struct shared;
struct sink;

/* Positions that were not begun when the output was so long: their rows are after that. */
struct progress_since {
	uint64_t reserved[CONFIG_THREADS_MAX];
	uint64_t rows_len;
};

struct progress {
	struct shared *s;
	const struct entry_cache *caches[CONFIG_THREADS_MAX];	/* of each part */
	struct sink *sink;
	struct cookiefile *cookie_log;	/* NULL: none */
	/* The older one is what the tails have passed, the newer one what they may pass next. */
	struct progress_since since[2];
};

/*
 * Before the threads start, with the senders and the output as they begin; all outlive it. caches:
 * of each part.
 */
void progress_init(struct progress *p, struct shared *s, const struct entry_cache *const caches[],
		   struct sink *sink, struct cookiefile *cookie_log);

/* Whether the saver wants it written down. to NULL: there is none. Any thread, without a lock. */
bool progress_is_wanted(const struct saving *to);

/* Writes it down where that is so. */
void progress_save(struct progress *p, struct saving *to);

/*
 * The same as the run ends: before what will not be finished loses its place, and once more after
 * that, when it is known what was finished.
 */
void progress_save_last(struct progress *p, struct saving *to);

#endif
