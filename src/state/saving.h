/*
 * saving: how what a checkpoint says gets from the receive threads, which know how far the run is,
 * to the saver (scan/saver.h), which may have to wait for disks.
 */
#ifndef TFOMAP_SAVING_H
#define TFOMAP_SAVING_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "left.h"
#include "state/checkpoint.h"

/* What has to be in the files, and on the disk, before the checkpoint is (writer_mark()). */
struct saving_marks {
	uint64_t rows, cookies, packets;
};

struct saving {
	_Atomic bool wanted;		/* by the saver; then the first of them writes the next */
	sem_t taken;			/* three, wants it no more, and posts this */
	struct checkpoint_progress next;
	struct saving_marks marks;
	int err;			/* 0; -ENOMEM: next is not whole */
	struct left left;		/* positions in the sweep: under shared.h's rx.lock */
	/* As the run ended, before the rows of its last targets: the first receive thread's. */
	struct checkpoint_progress last;
	bool has_last;
};

#endif
