#include "scan/saver.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/writer.h"
#include "err.h"
#include "files/replace_file.h"
#include "output/rows_read.h"
#include "setup/resume.h"
#include "state/saving.h"
#include "state/shared.h"

#define EVERY_S	1

struct saver {
	struct resume *r;
	struct shared *s;
	struct saving saving;
	struct saver_files files;
	pthread_t thread;
	bool runs;
	sem_t wake;			/* the thread is to end */
	_Atomic bool ending;
	int failed;			/* 0, or the -errno of the last attempt, which was logged */
};

struct saver *saver_new(struct resume *r, struct shared *s)
{
	struct saver *sv = calloc(1, sizeof(*sv));

	if (!sv)
		return NULL;
	sv->r = r;
	sv->s = s;
	sem_init(&sv->wake, 0, 0);
	sem_init(&sv->saving.taken, 0, 0);
	s->saving = &sv->saving;
	return sv;
}

static void free_shards(struct checkpoint_progress *p)
{
	for (unsigned int i = 0; i < CONFIG_THREADS_MAX; i++)
		checkpoint_shard_free(&p->shards[i]);
}

void saver_free(struct saver *sv)
{
	if (!sv)
		return;
	sv->s->saving = NULL;
	free_shards(&sv->saving.next);
	free_shards(&sv->saving.last);
	left_free(&sv->saving.left);
	sem_destroy(&sv->wake);
	sem_destroy(&sv->saving.taken);
	free(sv);
}

/* ---- the file ------------------------------------------------------------------------------ */

static int write_file(struct saver *sv)
{
	size_t len;
	char *text = checkpoint_write(&sv->r->run, &len);
	int rc = text ? replace_file_write(sv->r->file, text, len) : -ENOMEM;

	free(text);
	/* For the last one, when the disk is full by then. */
	if (!rc && !sv->r->run.complete)
		(void)replace_file_reserve(sv->r->file, 2 * len);
	return rc;
}

/* ---- what goes into it --------------------------------------------------------------------- */

static struct checkpoint_part *this_part(struct saver *sv)
{
	return &sv->r->run.parts[sv->r->run.nparts - 1];
}

/* Takes over what was counted; from gets what it may write over. */
static void swap_progress(struct saver *sv, struct checkpoint_progress *from)
{
	struct checkpoint_progress *to = &sv->r->run.progress, was = *to;

	*to = *from;
	*from = was;
}

static int sync_marks(const struct saver *sv, const struct saving_marks *m)
{
	int rc = writer_sync(sv->files.cookies, m->cookies);

	if (!rc)
		rc = writer_sync(sv->files.packets, m->packets);
	return rc ? rc : writer_sync(sv->files.rows, m->rows);
}

static int hash_rows(const struct saver *sv, struct checkpoint_progress *p)
{
	return rows_hash_end(sv->files.rows_fd, p->rows_len, &p->rows_hash);
}

static int save(struct saver *sv)
{
	struct saving *from = &sv->saving;
	uint64_t first_ns = shared_first_sent_ns(sv->s), last_ns = shared_last_sent_ns(sv->s);
	int rc = from->err ? from->err : sync_marks(sv, &from->marks);

	if (!rc)
		rc = hash_rows(sv, &from->next);
	if (rc)
		return rc;
	swap_progress(sv, &from->next);
	this_part(sv)->end_ns = clock_now_ns() + (uint64_t)clock_wall_offset_ns();
	this_part(sv)->sending_ns = last_ns - first_ns;
	return write_file(sv);
}

/* A run goes on without; what it can go on from later is older. */
static void log_failure(struct saver *sv, int rc)
{
	if (rc && rc != sv->failed && !atomic_load(&sv->ending))
		log_warn("cannot write the checkpoint %.200s: %s; if the run ends now, what was "
			 "done since the last one is done again; see to it", sv->r->path,
			 strerror(-rc));
	else if (!rc && sv->failed)
		log_notice("the checkpoint %.200s is written again", sv->r->path);
	sv->failed = rc;
}

/* True: it is to end. */
static bool wait_second(struct saver *sv)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += EVERY_S;
	while (sem_clockwait(&sv->wake, CLOCK_MONOTONIC, &until))
		if (errno == ETIMEDOUT)
			return false;
	return true;
}

void saver_request(struct saver *sv)
{
	atomic_store_explicit(&sv->saving.wanted, true, memory_order_release);
}

static void *saver_run(void *arg)
{
	struct saver *sv = arg;

	while (!wait_second(sv)) {
		saver_request(sv);
		while (sem_wait(&sv->saving.taken) && errno == EINTR)
			;
		if (atomic_load(&sv->ending))
			break;
		log_failure(sv, save(sv));
	}
	return NULL;
}

/* ---- beginning and end --------------------------------------------------------------------- */

int saver_begin(struct saver *sv, const struct saver_files *files, uint64_t start_wall_ns,
		struct err *e)
{
	const struct checkpoint_part now = { .start_ns = start_wall_ns, .end_ns = start_wall_ns };
	int rc = checkpoint_add_part(&sv->r->run, &now);

	sv->files = *files;
	if (!rc) {
		sem_wait(&sv->saving.taken);
		rc = save(sv);
	}
	return rc ? err_set(e, -rc, "cannot write the checkpoint %.200s: %s; see to it, and run "
			    "the same command again", sv->r->path, strerror(-rc)) : 0;
}

int saver_start(struct saver *sv, struct err *e)
{
	int rc = pthread_create(&sv->thread, NULL, saver_run, sv);

	if (rc)
		return err_set(e, rc, "cannot start a thread for the checkpoint: %s", strerror(rc));
	pthread_setname_np(sv->thread, "saver");
	sv->runs = true;
	return 0;
}

bool saver_stop(struct saver *sv)
{
	if (!sv || !sv->runs)
		return false;
	sv->runs = false;
	atomic_store(&sv->ending, true);
	sem_post(&sv->wake);
	sem_post(&sv->saving.taken);
	return true;
}

unsigned long saver_thread(const struct saver *sv)
{
	return sv->thread;
}

int saver_sync(struct saver *sv)
{
	const struct saving_marks all = {
		writer_mark(sv->files.rows), writer_mark(sv->files.cookies),
		writer_mark(sv->files.packets),
	};
	int rc = sync_marks(sv, &all);

	return rc || !sv->saving.has_last ? rc : hash_rows(sv, &sv->saving.last);
}

int saver_conclude(struct saver *sv, bool whole, bool complete, const char *reason,
		   uint64_t end_wall_ns, uint64_t sending_ns, struct err *e)
{
	int rc;

	if (whole && sv->saving.has_last)
		swap_progress(sv, &sv->saving.last);
	sv->r->run.complete = whole && complete;
	this_part(sv)->reason = reason;
	this_part(sv)->end_ns = end_wall_ns;
	this_part(sv)->sending_ns = sending_ns;
	rc = write_file(sv);
	return rc ? err_set(e, -rc, "cannot write the checkpoint %.200s: %s; the one before it "
			    "stays: free some space, and run again to go on from there",
			    sv->r->path, strerror(-rc)) : 0;
}
