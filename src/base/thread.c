#include "base/thread.h"

#include <string.h>

#include "err.h"

static bool holds;
static struct thread *held;

void threads_hold(void)
{
	holds = true;
}

/* It has the caller's signals, but those that it blocks from its first instruction on. */
static int start_now(struct thread *t, struct err *e)
{
	sigset_t before;
	int rc;

	pthread_sigmask(SIG_BLOCK, &t->blocked, &before);
	rc = pthread_create(&t->id, NULL, t->run, t->arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	t->started = !rc;
	return rc ? err_set(e, rc, "cannot start a thread that %s: %s", t->use, strerror(rc)) : 0;
}

int threads_release(struct err *e)
{
	int rc = 0;

	holds = false;
	for (; held && !rc; held = rc ? held : held->next)
		rc = start_now(held, e);
	return rc;
}

int thread_start(struct thread *t, struct err *e)
{
	t->started = false;
	if (!holds)
		return start_now(t, e);
	t->next = held;
	held = t;
	return 0;
}

void thread_join(struct thread *t)
{
	struct thread **at = &held;

	if (t->started) {
		pthread_join(t->id, NULL);
		return;
	}
	while (*at && *at != t)
		at = &(*at)->next;
	if (*at)
		*at = t->next;
}
