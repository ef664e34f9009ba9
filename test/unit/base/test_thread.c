/* thread: held ones start when they are released, and not before. */
#include "unit.h"

#include <stdatomic.h>
#include <string.h>

#include "base/thread.h"
#include "err.h"

static _Atomic int ran;
static struct err e;

static void *run(void *arg)
{
	sigset_t blocked;

	(void)arg;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	atomic_fetch_add(&ran, sigismember(&blocked, SIGUSR1) ? 1 : 100);
	return NULL;
}

static struct thread make(void)
{
	struct thread t = { .run = run, .use = "tests" };

	sigemptyset(&t.blocked);
	sigaddset(&t.blocked, SIGUSR1);
	return t;
}

TEST(starts_at_once)
{
	struct thread t = make();
	sigset_t mine;

	atomic_store(&ran, 0);
	ck_assert_int_eq(thread_start(&t, &e), 0);
	thread_join(&t);
	ck_assert_int_eq(atomic_load(&ran), 1);
	pthread_sigmask(SIG_SETMASK, NULL, &mine);
	ck_assert(!sigismember(&mine, SIGUSR1));
}

TEST(is_held)
{
	struct thread t[3] = { make(), make(), make() };

	atomic_store(&ran, 0);
	threads_hold();
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_int_eq(thread_start(&t[i], &e), 0);
		ck_assert(!t[i].started);
	}
	thread_join(&t[1]);
	ck_assert_int_eq(threads_release(&e), 0);
	thread_join(&t[0]);
	thread_join(&t[2]);
	ck_assert(t[0].started && !t[1].started && t[2].started);
	ck_assert_int_eq(atomic_load(&ran), 2);
}
