/*
 * saving: how what a checkpoint says gets from the receive thread, which knows how far the run is,
 * to the saver (scan/saver.h), which may have to wait for disks.
 */
#ifndef TFOMAP_SAVING_H
#define TFOMAP_SAVING_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "state/checkpoint.h"

/* What has to be in the files, and on the disk, before the checkpoint is (writer_mark()). */
struct saving_marks {
	uint64_t rows, cookies, packets;
};

#define SAVING_LEFT_MAX	(1u << 18)	/* what is beyond is not asked again */

struct saving {
	_Atomic bool wanted;		/* by the saver; then the receive thread writes the next */
	sem_t taken;			/* three, wants it no more, and posts this */
	struct checkpoint_progress next;
	struct saving_marks marks;
	int err;			/* 0; -ENOMEM: next is not whole */
	/* Positions that were given up without a row, SAVING_LEFT_MAX at most: receive thread's. */
	uint64_t *left;			/* heap, owned */
	size_t nleft, left_cap;
	/* As the run ended, before the rows of its last targets: the receive thread's. */
	struct checkpoint_progress last;
	bool has_last;
};

/* Receive thread: position k is given up without a row; s may be NULL. */
static inline void saving_leave(struct saving *s, uint64_t k)
{
	if (!s || s->nleft == SAVING_LEFT_MAX)
		return;
	if (s->nleft == s->left_cap) {
		size_t cap = s->left_cap ? 2 * s->left_cap : 1024;
		uint64_t *left = realloc(s->left, cap * sizeof(*left));

		if (!left)
			return;
		s->left = left;
		s->left_cap = cap;
	}
	s->left[s->nleft++] = k;
}

#endif
