/* deferred: how far a pass counts as done whose SYNs are still to be sent, or were sent late. */
#include "unit.h"

#include <check.h>

#include "send/deferred.h"
#include "window.h"

static struct window win;
static struct deferred d;

static void begin(void)
{
	d = (struct deferred){ .any = false };
	ck_assert_int_eq(window_init(&win, 128, 1, 2, 0, 1), 0);
	atomic_store(&win.cursor[0].done, 100);
	atomic_store(&win.cursor[1].done, 50);
}

static void done(uint64_t first, uint64_t second)
{
	ck_assert_uint_eq(deferred_done(&d, 0, 100), first);
	ck_assert_uint_eq(deferred_done(&d, 1, 50), second);
}

TEST(nothing_is)
{
	begin();
	deferred_sent(&d, 10);
	deferred_expire(&d, 5);
	done(100, 50);
	window_free(&win);
}

/* The lowest of each pass counts; the window says so at once. */
TEST(passes_are_apart)
{
	begin();
	deferred_add(&d, &win, 70, 0);
	deferred_add(&d, &win, 90, 0);
	done(70, 50);
	deferred_add(&d, &win, 40, 1);
	deferred_add(&d, &win, 60, 0);
	done(60, 40);
	ck_assert_uint_eq(atomic_load(&win.cursor[0].done), 60);
	ck_assert_uint_eq(atomic_load(&win.cursor[1].done), 40);
	/* Where the pass has not come to yet, nothing is taken back. */
	deferred_add(&d, &win, 120, 1);
	ck_assert_uint_eq(atomic_load(&win.cursor[1].done), 40);
	ck_assert_uint_eq(deferred_done(&d, 0, 30), 30);
	window_free(&win);
}

/* Until they were sent and have had their time-out; one more begins it anew. */
TEST(until_the_time_out)
{
	begin();
	deferred_add(&d, &win, 70, 0);
	deferred_expire(&d, UINT64_MAX - 1);
	done(70, 50);
	deferred_sent(&d, 1000);
	deferred_expire(&d, 999);
	done(70, 50);
	deferred_add(&d, &win, 80, 0);
	deferred_expire(&d, 2000);
	done(70, 50);
	deferred_sent(&d, 3000);
	deferred_expire(&d, 3000);
	done(100, 50);
	/* What comes later is not held by what was. */
	deferred_add(&d, &win, 90, 0);
	done(90, 50);
	window_free(&win);
}
