/* Where the running kernel keeps its transmit queues, which it says by itself or not at all. */
#include "unit.h"

#include <string.h>
#include <unistd.h>

#include "kernel_sweep.h"
#include "xdp/kernel_queues.h"

TEST(as_the_kernel_says)
{
	static const struct sweep_queues none;
	struct sweep_queues q;

	memset(&q, 0xff, sizeof(q));
	if (!kernel_queues_find(&q)) {
		ck_assert_mem_eq(&q, &none, sizeof(q));
		return;
	}
	/* Pointers and a word of eight bytes, each where it may be; no two members in one place. */
	ck_assert_uint_eq(q.dev % 8, 0);
	ck_assert_uint_gt(q.dev, 0);
	ck_assert_uint_eq(q.queues % 8, 0);
	ck_assert_uint_eq(q.n_queues % 4, 0);
	ck_assert_uint_ne(q.queues, q.n_queues);
	ck_assert_uint_eq(q.state % 8, 0);
	ck_assert_uint_ge(q.queue_len, q.state + 8);
}

/* Whoever may read what it says finds it. */
TEST(found_where_it_is_said)
{
	struct sweep_queues q;

	if (access("/sys/kernel/btf/vmlinux", R_OK) == 0 && sizeof(long) == 8)
		ck_assert(kernel_queues_find(&q));
}
