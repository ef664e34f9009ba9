/*
 * resume: --checkpoint: whether the run begins, goes on, or is complete; and what it then goes on
 * from. The main thread's, before the others start.
 */
#ifndef TFOMAP_RESUME_H
#define TFOMAP_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "done_set.h"
#include "state/checkpoint.h"

struct config;
struct err;
struct replace_file;
struct shared;
struct targets;

struct resume {
	const char *path;		/* NULL: no checkpoint was asked for */
	struct replace_file *file;	/* the checkpoint file, locked; NULL: not open */
	bool goes_on;			/* else it begins */
	struct checkpoint run;		/* what the file had; else the run's options, and nothing */
	struct done_set done[CONFIG_THREADS_MAX];	/* of each sender shard */
	uint64_t rows_len;		/* bytes of the output that stay; 0: it is written anew */
	uint64_t rows_more;		/* rows of these that the checkpoint does not count, */
	uint64_t verdicts_more[VERDICTS];	/* and their verdicts */
};

/*
 * Opens, locks and reads the file, or makes it; checks that the options are those of the run. 0, or
 * -errno with a message.
 */
int resume_open(struct resume *r, const struct config *c, struct err *e);

/*
 * With order and targets: that they are those of the run, and which of them are done with; of one
 * that begins, key and seed are kept. 0, or -errno with a message.
 */
int resume_targets(struct resume *r, const struct config *c, const struct shared *s,
		   const uint8_t key[static 16], uint64_t seed, struct err *e);

/* That the targets are those of a run that goes on. 0, or -errno with a message. */
int resume_same_targets(const struct resume *r, const struct shared *s, struct err *e);

/* Whether there is nothing left to do. */
bool resume_is_over(const struct resume *r, const struct config *c);

/* With the senders: their sweep begins where it was left, and the counters go on. */
void resume_apply(struct resume *r, struct shared *s);

void resume_free(struct resume *r);

#endif
