#include "base/writer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/chunk.h"
#include "base/clock.h"
#include "base/thread.h"
#include "err.h"

#define FULL_LEN	(4u << 20)	/* more should not wait */
#define LEAVE_NS	NS_PER_S	/* a write that does not end by then is given up */
#define LEAVE_STEP_NS	(10 * NS_PER_MS)
#define WAKE_SIGNAL	SIGRTMIN	/* ends a write that hangs; its handler does nothing */

struct writer {
	int fd;
	const char *name;
	bool is_regular, is_pipe;
	struct writer *before;		/* that comes out first; NULL: none */
	struct thread thread;		/* not started: whoever kicks writes */
	char use[80];			/* of the thread */
	pthread_mutex_t lock;		/* of all below */
	pthread_cond_t work, idle;	/* for the thread; for who waits for it */
	struct chunk *first, *last;	/* what waits */
	struct chunk *spare;
	bool kicked, ending;		/* write what is there; and then end */
	bool writing, ended, torn;	/* it has a chunk in hand; it is gone; it tore a record */
	uint64_t put, out;		/* records */
	int err;
	int not_synced;			/* 0, or the -errno of an fdatasync(): writer_sync()'s */
	_Atomic bool left;
	_Atomic size_t waiting;		/* bytes */
};

/* ---- the thread ---------------------------------------------------------------------------- */

/* A descriptor that another program has made non-blocking is waited for. */
static bool may_go_on(struct writer *w, int code)
{
	struct pollfd pfd = { .fd = w->fd, .events = POLLOUT };

	if (atomic_load(&w->left))
		return false;
	if (code == EAGAIN)
		return poll(&pfd, 1, -1) >= 0 || errno == EINTR;
	return code == EINTR;
}

/* Takes the last n bytes off; false: this is no regular file, or others write to it too. */
static bool cut(struct writer *w, size_t n)
{
	off_t at = lseek(w->fd, 0, SEEK_CUR);
	struct stat st;

	if (n == 0)
		return true;
	if (!w->is_regular || at < (off_t)n || fstat(w->fd, &st) || st.st_size != at)
		return false;
	at -= (off_t)n;
	return ftruncate(w->fd, at) == 0 && lseek(w->fd, at, SEEK_SET) == at;
}

static void count_out(struct writer *w, unsigned int records, size_t len)
{
	pthread_mutex_lock(&w->lock);
	w->out += records;
	pthread_mutex_unlock(&w->lock);
	atomic_fetch_sub(&w->waiting, len);
}

/* The end, after `done` bytes of the piece from record i on: keeps the whole ones among them. */
static int break_off(struct writer *w, const struct chunk *c, unsigned int i, size_t done,
		     int code)
{
	size_t from = i ? c->end[i - 1] : 0, whole = from;
	unsigned int n = 0;
	bool torn;

	while (i + n < c->n && c->end[i + n] <= from + done)
		whole = c->end[i + n++];
	torn = !cut(w, from + done - whole);
	count_out(w, n, whole - from);
	pthread_mutex_lock(&w->lock);
	w->torn = torn;
	pthread_mutex_unlock(&w->lock);
	return -code;
}

/* 0, or the -errno that ends it. */
static int write_chunk(struct writer *w, const struct chunk *c)
{
	unsigned int n;

	for (unsigned int i = 0; i < c->n && !atomic_load(&w->left); i += n) {
		const uint8_t *p = c->bytes + (i ? c->end[i - 1] : 0);
		size_t len = chunk_piece(c, i, w->is_pipe ? PIPE_BUF : 0, &n), done = 0;

		while (done < len) {
			ssize_t rc = write(w->fd, p + done, len - done);
			int code = errno;

			if (rc >= 0)
				done += (size_t)rc;
			if (done < len && !may_go_on(w, rc < 0 ? code : EINTR))
				return break_off(w, c, i, done, rc < 0 ? code : EINTR);
		}
		count_out(w, n, len);
	}
	return 0;
}

static struct timespec deadline(uint64_t ns)
{
	uint64_t at_ns = clock_now_ns() + ns;

	return (struct timespec){ (time_t)(at_ns / NS_PER_S), (long)(at_ns % NS_PER_S) };
}

/* Until so many records are out, or w is broken; or who waits is left. 0, or the -errno of w. */
static int wait_out(struct writer *w, uint64_t mark, const _Atomic bool *left)
{
	int err;

	pthread_mutex_lock(&w->lock);
	while (w->out < mark && !w->err && !atomic_load(left)) {
		struct timespec until = deadline(LEAVE_STEP_NS);

		if (w->first)
			w->kicked = true;
		pthread_cond_signal(&w->work);
		pthread_cond_timedwait(&w->idle, &w->lock, &until);
	}
	err = w->out >= mark ? 0 : w->err ? w->err : -EINTR;
	pthread_mutex_unlock(&w->lock);
	return err;
}

/* With the lock held: the next chunk; NULL: there is none, or nothing more is to be written. */
static struct chunk *take_chunk(struct writer *w)
{
	struct chunk *c = w->err ? NULL : w->first;

	if (!c)
		return NULL;
	w->first = c->next;
	if (!w->first) {
		w->last = NULL;
		w->kicked = false;
	}
	return c;
}

/* Likewise, once it is time to write; NULL: there is none, and none will come. */
static struct chunk *next_chunk(struct writer *w)
{
	while (!w->err && !(w->first && (w->kicked || w->ending || w->first->next))) {
		if (w->ending)
			return NULL;
		pthread_cond_wait(&w->work, &w->lock);
	}
	return take_chunk(w);
}

/* With the lock held but while it writes. */
static void put_out(struct writer *w, struct chunk *c)
{
	int err = 0;

	w->writing = true;
	pthread_mutex_unlock(&w->lock);
	if (w->before)
		err = wait_out(w->before, writer_mark(w->before), &w->left);
	if (err && atomic_load(&w->before->left))
		atomic_store(&w->left, true);
	err = err ? err : write_chunk(w, c);
	pthread_mutex_lock(&w->lock);
	w->writing = false;
	if (err && !w->err)
		w->err = err;
	free(w->spare);
	w->spare = c;
	pthread_cond_broadcast(&w->idle);
}

static void *writer_run(void *arg)
{
	struct writer *w = arg;
	struct chunk *c;

	pthread_setname_np(pthread_self(), "writer");
	pthread_mutex_lock(&w->lock);
	while ((c = next_chunk(w)))
		put_out(w, c);
	w->ended = true;
	pthread_cond_broadcast(&w->idle);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- opening ------------------------------------------------------------------------------- */

static void on_wake(int number)
{
	(void)number;
}

/* The thread takes no signal but the one that ends a write. */
static int start_thread(struct writer *w, struct err *e)
{
	const struct sigaction wake = { .sa_handler = on_wake };

	sigaction(WAKE_SIGNAL, &wake, NULL);
	snprintf(w->use, sizeof(w->use), "writes to %s", w->name);
	w->thread = (struct thread){ .run = writer_run, .arg = w, .use = w->use };
	sigfillset(&w->thread.blocked);
	sigdelset(&w->thread.blocked, WAKE_SIGNAL);
	return thread_start(&w->thread, e);
}

/*
 * With the lock held, where there is no thread yet: writes what is there, once a reader takes some
 * of it within ns. A pipe that takes anything takes PIPE_BUF.
 */
static void write_here(struct writer *w, uint64_t ns)
{
	struct pollfd pfd = { .fd = w->fd, .events = POLLOUT };

	if (!ns && w->is_pipe && w->first && w->first->len > PIPE_BUF)
		return;
	while (w->first && !w->err && poll(&pfd, 1, (int)(ns / NS_PER_MS)) > 0)
		put_out(w, take_chunk(w));
}

int writer_open(struct writer **out, int fd, const char *name, struct err *e)
{
	struct writer *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;
	struct stat st;
	int rc;

	if (!w)
		return err_set(e, ENOMEM, "out of memory for what is written to %s", name);
	w->fd = fd;
	w->name = name;
	if (fstat(fd, &st) == 0) {
		w->is_regular = S_ISREG(st.st_mode);
		w->is_pipe = S_ISFIFO(st.st_mode);
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->work, &attr);
	pthread_cond_init(&w->idle, &attr);
	pthread_condattr_destroy(&attr);
	rc = start_thread(w, e);
	if (rc) {
		free(w);
		return rc;
	}
	*out = w;
	return 0;
}

/* ---- giving -------------------------------------------------------------------------------- */

/* With the lock held: the chunk that has room for one more record; NULL: no memory. */
static struct chunk *room(struct writer *w, size_t len)
{
	struct chunk *c = w->last;

	if (c && chunk_has_room(c, len))
		return c;
	c = w->spare && w->spare->cap >= len ? w->spare : chunk_new(len);
	if (!c)
		return NULL;
	if (c == w->spare)
		w->spare = NULL;
	c->next = NULL;
	c->len = c->n = 0;
	if (w->last)
		w->last->next = c;
	else
		w->first = c;
	w->last = c;
	if (w->first != c)
		pthread_cond_signal(&w->work);
	return c;
}

void writer_follow(struct writer *w, struct writer *before)
{
	w->before = before;
}

bool writer_put(struct writer *w, const void *record, size_t len)
{
	struct chunk *c = NULL;

	pthread_mutex_lock(&w->lock);
	w->put++;
	if (!w->err) {
		c = room(w, len);
		if (!c)
			w->err = -ENOMEM;
	}
	if (c) {
		chunk_add(c, record, len);
		atomic_fetch_add(&w->waiting, len);
	}
	pthread_mutex_unlock(&w->lock);
	return c;
}

void writer_kick(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	if (w->first && !w->thread.started) {
		write_here(w, 0);
	} else if (w->first) {
		w->kicked = true;
		pthread_cond_signal(&w->work);
	}
	pthread_mutex_unlock(&w->lock);
}

bool writer_is_full(const struct writer *w)
{
	return w && atomic_load(&w->waiting) > FULL_LEN;
}

/* ---- ending -------------------------------------------------------------------------------- */

bool writer_wait(struct writer *w, uint64_t ns)
{
	struct timespec until = deadline(ns);
	bool done, late = false;

	if (!w)
		return true;
	writer_kick(w);
	pthread_mutex_lock(&w->lock);
	if (!w->thread.started)
		write_here(w, ns);
	while (!(done = (w->err && !w->writing) || (!w->first && !w->writing)) && !late)
		late = pthread_cond_timedwait(&w->idle, &w->lock, &until) == ETIMEDOUT;
	pthread_mutex_unlock(&w->lock);
	return done;
}

uint64_t writer_mark(struct writer *w)
{
	struct writer_state st = { .out = 0 };

	if (w)
		writer_get(w, &st);
	return st.out + st.waiting;
}

int writer_sync(struct writer *w, uint64_t mark)
{
	int err = w ? wait_out(w, mark, &w->left) : 0;

	/* The kernel says it once, and forgets what it could not write. */
	if (!err && w && !w->not_synced && w->is_regular && fdatasync(w->fd))
		w->not_synced = -errno;
	return err || !w ? err : w->not_synced;
}

void writer_get(struct writer *w, struct writer_state *out)
{
	pthread_mutex_lock(&w->lock);
	*out = (struct writer_state){
		.out = w->out, .waiting = w->put - w->out, .err = w->err, .torn = w->torn,
		.left = atomic_load(&w->left),
	};
	pthread_mutex_unlock(&w->lock);
}

const char *writer_name(const struct writer *w)
{
	return w->name;
}

/* A signal may come just before the write that it is to end: it is sent until that has ended. */
bool writer_leave(struct writer *w)
{
	uint64_t until_ns = clock_now_ns() + LEAVE_NS;
	bool ended;

	atomic_store(&w->left, true);
	pthread_mutex_lock(&w->lock);
	if (!w->err)
		w->err = -EINTR;
	w->ended |= !w->thread.started;
	pthread_cond_signal(&w->work);
	while (!(ended = w->ended) && clock_now_ns() < until_ns) {
		struct timespec until = deadline(LEAVE_STEP_NS);

		pthread_kill(w->thread.id, WAKE_SIGNAL);
		pthread_cond_timedwait(&w->idle, &w->lock, &until);
	}
	pthread_mutex_unlock(&w->lock);
	return ended;
}

void writer_close(struct writer *w, struct writer_state *out)
{
	struct writer_state last = { .out = 0 };

	if (w) {
		pthread_mutex_lock(&w->lock);
		w->ending = true;
		while (!w->thread.started && w->first && !w->err)
			write_here(w, NS_PER_S);
		pthread_cond_signal(&w->work);
		pthread_mutex_unlock(&w->lock);
		thread_join(&w->thread);
		writer_get(w, &last);
		chunk_free_all(w->first);
		free(w->spare);
		pthread_mutex_destroy(&w->lock);
		pthread_cond_destroy(&w->work);
		pthread_cond_destroy(&w->idle);
		free(w);
	}
	if (out)
		*out = last;
}

int writer_close_file(struct writer *w, int fd)
{
	struct writer_state last;
	int rc;

	writer_close(w, &last);
	/* Network file systems report a full disk only here. */
	rc = close(fd) ? -errno : 0;
	return last.err && !last.left ? last.err : rc;
}
