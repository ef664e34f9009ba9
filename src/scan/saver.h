/*
 * saver: writes the checkpoint: as the run starts, each second by a thread of its own, and as it
 * ends. What a checkpoint counts on is on the disk before it is, and it takes the place of the one
 * before in one step. Main thread.
 */
#ifndef TFOMAP_SAVER_H
#define TFOMAP_SAVER_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct resume;
struct saver;
struct saving;
struct shared;
struct writer;

/* Of the run's files; NULL: there is none. */
struct saver_files {
	struct writer *rows, *cookies, *packets;
	int rows_fd;			/* can be read */
};

/*
 * Before what takes rows is opened: s gets to know that its progress is wanted. NULL: no memory.
 * r and s outlive it.
 */
struct saver *saver_new(struct resume *r, struct shared *s);

/* Asks the receive threads for their progress; or, before the threads start, main in its place. */
void saver_request(struct saver *sv);

/* With the files open and the answer there: writes the first one. 0, or -errno with a message. */
int saver_begin(struct saver *sv, const struct saver_files *files, uint64_t start_wall_ns,
		struct err *e);

/* Starts the thread. 0, or -errno with a message. */
int saver_start(struct saver *sv, struct err *e);

/* Asks the thread to end; false: there is none to be joined. */
bool saver_stop(struct saver *sv);
unsigned long saver_thread(const struct saver *sv);

/* With all threads ended, before the files are closed: that they are on the disk. 0 or -errno. */
int saver_sync(struct saver *sv);

/*
 * The last one. whole: the files have all that was put into them. 0, or -errno with a message: the
 * one before stays.
 */
int saver_conclude(struct saver *sv, bool whole, bool complete, const char *reason,
		   uint64_t end_wall_ns, uint64_t sending_ns, struct err *e);

void saver_free(struct saver *sv);

#endif
