#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "ring.h"

/* Items of each length, filled with what tells them from their neighbours. */
static const size_t item_lens[] = { 1, 3, 8, 24, 100 };

static void make_item(uint8_t item[static 100], uint32_t i)
{
	for (uint32_t k = 0; k < 100; k++)
		item[k] = (uint8_t)(i * 101 + k);
}

TEST_EACH(full_and_empty, item_lens)
{
	size_t len = *row;
	uint8_t item[100], want[100];
	struct ring r;

	ck_assert_int_eq(ring_init(&r, len, 8), 0);
	ck_assert_uint_eq(ring_count(&r), 0);
	memset(item, 0xee, sizeof(item));
	memcpy(want, item, sizeof(item));
	ck_assert(!ring_pop(&r, item));
	ck_assert_mem_eq(item, want, sizeof(item));
	for (uint32_t i = 0; i < 8; i++) {
		make_item(item, i);
		ck_assert(ring_push(&r, item));
		ck_assert_uint_eq(ring_count(&r), i + 1);
	}
	make_item(item, 99);
	ck_assert(!ring_push(&r, item));
	ck_assert_uint_eq(ring_count(&r), 8);
	for (uint32_t i = 0; i < 8; i++) {
		memset(item, 0xee, sizeof(item));
		make_item(want, i);
		memset(want + len, 0xee, sizeof(want) - len);
		ck_assert(ring_pop(&r, item));
		ck_assert_mem_eq(item, want, sizeof(item));
		ck_assert_uint_eq(ring_count(&r), 7 - i);
	}
	ck_assert(!ring_pop(&r, item));
	ring_free(&r);
}

/* Pushes and pops of changing lengths, first in first out, from a counter that start begins. */
static void check_order(uint32_t capacity, uint32_t start)
{
	uint32_t in = 0, out = 0, got;
	struct ring r;

	ck_assert_int_eq(ring_init(&r, sizeof(in), capacity), 0);
	/* As if start items had gone through. */
	atomic_store(&r.head, start);
	atomic_store(&r.tail, start);
	for (uint32_t burst = 1; in < 20 * capacity; burst = burst % (capacity + 2) + 1) {
		for (uint32_t i = 0; i < burst; i++) {
			ck_assert_int_eq(ring_push(&r, &in), in - out < capacity);
			in += in - out < capacity;
		}
		ck_assert_uint_eq(ring_count(&r), in - out);
		for (uint32_t i = 0; i < burst / 2 + 1; i++) {
			if (!ring_pop(&r, &got))
				break;
			ck_assert_uint_eq(got, out++);
		}
		ck_assert_uint_eq(ring_count(&r), in - out);
	}
	ring_free(&r);
}

/* At any count, also where the counters wrap. */
TEST(keeps_order)
{
	check_order(2, 0);
	check_order(4, 0);
	check_order(64, 0);
	check_order(2, UINT32_MAX - 7);
	check_order(64, UINT32_MAX - 100);
	check_order(64, 0x7fffffff - 100);
}

struct message {
	uint64_t i, square, not_i;
};

struct pair {
	struct ring ring;
	uint64_t n;
	uint64_t wrong, beyond;	/* the consumer's, until it is joined */
};

static void *consume(void *arg)
{
	struct pair *pair = arg;
	struct message m = { 0, 0, 0 };

	for (uint64_t i = 0; i < pair->n; i++) {
		while (!ring_pop(&pair->ring, &m))
			sched_yield();
		pair->wrong += m.i != i || m.square != i * i || m.not_i != ~i;
		pair->beyond += ring_count(&pair->ring) > pair->ring.mask + 1;
	}
	return NULL;
}

/* n items from this thread to another, through a ring that is often full and often empty. */
static void check_threads(uint32_t capacity, uint64_t n)
{
	struct pair pair = { .n = n };
	uint64_t beyond = 0;
	pthread_t thread;

	ck_assert_int_eq(ring_init(&pair.ring, sizeof(struct message), capacity), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, consume, &pair), 0);
	for (uint64_t i = 0; i < n; i++) {
		struct message m = { i, i * i, ~i };

		while (!ring_push(&pair.ring, &m))
			sched_yield();
		beyond += ring_count(&pair.ring) > capacity;
	}
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(pair.wrong, 0);
	ck_assert_uint_eq(pair.beyond + beyond, 0);
	ck_assert_uint_eq(ring_count(&pair.ring), 0);
	ring_free(&pair.ring);
}

TEST(two_threads)
{
	check_threads(256, 1000000);
	check_threads(2, 20000);
}
