#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "rng.h"
#include "sendlog.h"

#define START	5000000000ull		/* when the first batch is sent */
#define GRAIN	SENDLOG_GRAIN_NS
#define ENTRIES	1000
#define KEPT	64			/* of a log of 128, at the least */

/* A log, and what went into it: batch i begins at position first[i] and was sent at ns[i]. */
struct sent {
	struct sendlog log;
	uint64_t first[ENTRIES], ns[ENTRIES];
	unsigned int n;
};

static struct sent sent;

static void begin(uint32_t capacity)
{
	sent.n = 0;
	ck_assert_int_eq(sendlog_init(&sent.log, capacity, 0), 0);
}

static void end(void)
{
	sendlog_free(&sent.log);
}

static void add(uint64_t first, uint64_t ns)
{
	ck_assert_uint_lt(sent.n, ENTRIES);
	sent.first[sent.n] = first;
	sent.ns[sent.n++] = ns;
	sendlog_add(&sent.log, first, ns);
}

/* Batches of 1..50 positions, 0..2 skipped before each, at least gap_ns apart. */
static void add_random(struct rng *rng, unsigned int n, uint64_t gap_ns)
{
	uint64_t first = 3, ns = START;

	for (unsigned int i = 0; i < n; i++) {
		add(first, ns);
		first += 1 + rng_below(rng, 52);
		ns += gap_ns + rng_below(rng, 3 * GRAIN);
	}
}

/* When position k was sent: 0 before the first batch. */
static uint64_t true_time(uint64_t k)
{
	unsigned int i = sent.n;

	while (i > 0 && sent.first[i - 1] > k)
		i--;
	return i ? sent.ns[i - 1] : 0;
}

/* The first position below limit that begins a batch later than ns. */
static uint64_t true_until(uint64_t ns, uint64_t limit)
{
	for (unsigned int i = 0; i < sent.n; i++)
		if (sent.ns[i] > ns)
			return sent.first[i] < limit ? sent.first[i] : limit;
	return limit;
}

TEST_AROUND(NULL, end)

TEST(empty)
{
	uint64_t pos = 0;

	begin(128);
	ck_assert_uint_eq(sendlog_time(&sent.log, 0), 0);
	ck_assert_uint_eq(sendlog_time(&sent.log, UINT64_MAX), 0);
	/* Nothing was sent: all positions up to the end were skipped. */
	ck_assert_uint_eq(sendlog_until(&sent.log, &pos, START, 0), 0);
	ck_assert_uint_eq(sendlog_until(&sent.log, &pos, START, 77), 77);
	add(80, START + 1);
	ck_assert_uint_eq(sendlog_until(&sent.log, &pos, START, 90), 80);
}

TEST(each_batch_has_its_time)
{
	struct rng rng = { 1 };

	begin(1024);
	add_random(&rng, 900, GRAIN);
	for (uint64_t k = 0; k < sent.first[899] + 100; k++)
		if (sendlog_time(&sent.log, k) != true_time(k))
			ck_abort_msg("position %ju", (uintmax_t)k);
}

/* Batches that follow each other at once share an entry: right to one grain, never too late. */
TEST(merges_within_the_grain)
{
	struct rng rng = { 2 };

	begin(1024);
	for (unsigned int i = 0; i < ENTRIES; i++)
		add(10 * i, START + i * 7 * (GRAIN / 50) + rng_below(&rng, GRAIN / 10));
	/* Memory by time, not by batches. */
	ck_assert_uint_le(atomic_load(&sent.log.block->n),
			  (sent.ns[ENTRIES - 1] - START) / GRAIN + 1);
	for (uint64_t k = 0; k < 10 * ENTRIES; k++) {
		uint64_t ns = sendlog_time(&sent.log, k), want = true_time(k);

		if (ns > want || ns + GRAIN <= want)
			ck_abort_msg("position %ju: %ju, not %ju", (uintmax_t)k, (uintmax_t)ns,
				     (uintmax_t)want);
	}
}

TEST(a_grain_apart_is_no_merge)
{
	begin(128);
	add(0, START);
	sendlog_add(&sent.log, 10, START + GRAIN - 1);
	ck_assert_uint_eq(sendlog_time(&sent.log, 10), START);
	add(20, START + GRAIN);
	ck_assert_uint_eq(sendlog_time(&sent.log, 19), START);
	ck_assert_uint_eq(sendlog_time(&sent.log, 20), START + GRAIN);
	ck_assert_uint_eq(atomic_load(&sent.log.block->n), 2);
}

/* What was written over is unknown, and nothing else is. */
TEST(old_entries_are_unknown)
{
	struct rng rng = { 3 };

	begin(128);
	for (unsigned int n = 1, first = 3; n <= ENTRIES; n++) {
		add(first, START + n * 2 * GRAIN);
		for (unsigned int i = 0; i < n; i++) {
			uint64_t k = sent.first[i], ns = sendlog_time(&sent.log, k);
			bool known = i + KEPT >= n;

			if (ns ? ns != sent.ns[i] : known)
				ck_abort_msg("%u of %u: %ju", i, n, (uintmax_t)ns);
			if (ns && n - i > 128)
				ck_abort_msg("%u of %u is still known", i, n);
		}
		first += 1 + (unsigned int)rng_below(&rng, 9);
	}
	ck_assert_uint_eq(sendlog_time(&sent.log, 0), 0);
	ck_assert_uint_eq(sendlog_time(&sent.log, sent.first[ENTRIES - 1] + 50),
			  sent.ns[ENTRIES - 1]);
}

/*
 * At the moment itself of each batch, just before it and after it, with any end, from where it
 * stopped and from the beginning.
 */
TEST(until_any_time)
{
	static const int64_t offsets[] = { -1, 0, GRAIN / 3, GRAIN * 2 / 3 };
	struct rng rng = { 4 };
	uint64_t pos = 0, last = 0;

	begin(1024);
	add_random(&rng, 900, GRAIN);
	for (unsigned int i = 0; i < 4 * 900; i++) {
		uint64_t limit = rng_below(&rng, sent.first[899] + 60), anew = 0;
		uint64_t ns = sent.ns[i / 4] + (uint64_t)offsets[i % 4];
		uint64_t k = sendlog_until(&sent.log, &pos, ns, limit);

		if (k != true_until(ns, limit) || sendlog_until(&sent.log, &anew, ns, limit) != k)
			ck_abort_msg("%ju ns: %ju", (uintmax_t)(ns - START), (uintmax_t)k);
		k = sendlog_until(&sent.log, &pos, ns, UINT64_MAX);
		if (k < last)
			ck_abort_msg("back from %ju to %ju", (uintmax_t)last, (uintmax_t)k);
		last = k;
	}
	ck_assert_uint_eq(last, UINT64_MAX);
}

/*
 * A reader so slow that the log went round: positions before the one that it returns were sent by
 * then, as far as it can know; where it cannot, it must not say so.
 */
TEST(until_before_the_log)
{
	uint64_t pos = 0, limit = 4 * ENTRIES;

	begin(128);
	for (unsigned int i = 0; i < ENTRIES; i++)
		add(4 * i, START + i * GRAIN);
	for (unsigned int i = 0; i < ENTRIES; i++) {
		uint64_t k = sendlog_until(&sent.log, &pos, sent.ns[i], limit);

		if (k > true_until(sent.ns[i], limit))
			ck_abort_msg("batch %u: %ju of %ju", i, (uintmax_t)k,
				     (uintmax_t)true_until(sent.ns[i], limit));
		if (i + KEPT >= ENTRIES)
			ck_assert_uint_eq(k, true_until(sent.ns[i], limit));
	}
}

/* ---- two threads ---- */

#define QUERIES_MIN 1000		/* times, however fast the writer is */
#define POSITIONS_EACH 3		/* batch i: 3 i .. 3 i + 2, sent at START + i grains */

struct pair {
	struct sendlog log;
	uint64_t batches;
	_Atomic uint64_t positions;	/* sent so far: the writer's */
	uint64_t wrong, known, unknown;	/* the reader's, until it is joined */
};

static void *write_batches(void *arg)
{
	struct pair *pair = arg;

	for (uint64_t i = 0; i < pair->batches; i++) {
		sendlog_add(&pair->log, i * POSITIONS_EACH, START + i * GRAIN);
		atomic_store_explicit(&pair->positions, (i + 1) * POSITIONS_EACH,
				      memory_order_release);
		if (i % 1024 == 0)
			sched_yield();
	}
	return NULL;
}

/* Asks for positions up to the oldest that the log holds, and beyond, all the time. */
static void query_times(struct pair *pair, uint64_t back)
{
	struct rng rng = { 7 };
	uint64_t positions;

	do {
		uint64_t k, ns;

		positions = atomic_load_explicit(&pair->positions, memory_order_acquire);
		k = rng_below(&rng, 1 + back * POSITIONS_EACH);
		k = positions > k ? positions - 1 - k : 0;
		ns = sendlog_time(&pair->log, k);
		pair->known += ns != 0;
		pair->unknown += ns == 0;
		pair->wrong += ns && positions && ns != START + k / POSITIONS_EACH * GRAIN;
	} while (positions < pair->batches * POSITIONS_EACH
		 || pair->known + pair->unknown < QUERIES_MIN);
}

TEST(two_threads_never_a_wrong_time)
{
	struct pair pair = { .batches = 300000 };
	pthread_t thread;

	ck_assert_int_eq(sendlog_init(&pair.log, 128, 0), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, write_batches, &pair), 0);
	query_times(&pair, 80);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(pair.wrong, 0);
	ck_assert_uint_gt(pair.known, 0);
	ck_assert_uint_gt(pair.unknown, 0);
	sendlog_free(&pair.log);
}

/* A reader that keeps up knows at any time what was sent by then. */
TEST(two_threads_until)
{
	struct pair pair = { .batches = 50000 };
	uint64_t pos = 0, ns = START - 1, k = 0, end_of_all = pair.batches * POSITIONS_EACH;
	pthread_t thread;

	ck_assert_int_eq(sendlog_init(&pair.log, 1 << 17, 0), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, write_batches, &pair), 0);
	while (k < end_of_all) {
		uint64_t limit = atomic_load_explicit(&pair.positions, memory_order_acquire), want;

		k = sendlog_until(&pair.log, &pos, ns, limit);
		want = (ns + GRAIN - START) / GRAIN * POSITIONS_EACH;
		pair.wrong += k != (want < limit ? want : limit);
		if (limit > want || limit == end_of_all)
			ns += GRAIN / 2;
	}
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(pair.wrong, 0);
	sendlog_free(&pair.log);
}

/* ---- in memory of the caller's -------------------------------------------------------------- */

/* The same log twice, one of them moved: whatever goes in, both say the same. */
TEST(moved_it_is_the_same)
{
	const uint32_t capacity = 128;
	struct sendlog_block *block = calloc(1, SENDLOG_BLOCK_LEN(capacity));
	uint64_t pos[2] = { 0, 0 }, first = 0, ns = START;
	struct rng rng = { 5 };
	struct sendlog moved;

	ck_assert_ptr_nonnull(block);
	begin(capacity);
	ck_assert_int_eq(sendlog_init(&moved, capacity, 0), 0);
	sendlog_move(&moved, block);
	for (int i = 0; i < 900; i++) {
		uint64_t k, past;

		add(first, ns);
		sendlog_add(&moved, first, ns);
		first += 1 + rng_below(&rng, 50);
		k = rng_below(&rng, first);
		past = ns > START + 20 * GRAIN ? ns - 20 * GRAIN : 0;
		ck_assert_uint_eq(sendlog_time(&moved, k), sendlog_time(&sent.log, k));
		ck_assert_uint_eq(sendlog_until(&moved, &pos[0], past, first),
				  sendlog_until(&sent.log, &pos[1], past, first));
		ns += rng_below(&rng, 3 * GRAIN);
	}
	ck_assert_uint_gt(atomic_load(&block->n), capacity);
	ck_assert_mem_eq(block, sent.log.block, SENDLOG_BLOCK_LEN(capacity));
	/* It stays the caller's. */
	sendlog_free(&moved);
	ck_assert_ptr_null(moved.block);
	ck_assert_uint_gt(atomic_load(&block->n), capacity);
	free(block);
}
