#include "unit.h"

#include "sender_shard.h"

#define N_MAX 16

static const uint64_t sizes[] = {
	0, 1, 511, 512, 513, 1023, 1024, 1025, 4096, 5000, 8191, 8192, 20000,
};

/*
 * Each position of the sweep is one position of one sender; senders have theirs in order, without
 * gaps.
 */
TEST_EACH(divides_every_sweep, sizes)
{
	for (uint32_t n = 1; n <= N_MAX; n++) {
		uint64_t positions = *row, next[N_MAX] = { 0 };

		for (uint64_t k = 0; k < positions; k++) {
			uint32_t sender = sender_of(k, n);

			/* Check writes down every assertion: one for all of them. */
			if (sender >= n || sender_pos(k, n) != next[sender]
			    || sender_whole(next[sender]++, sender, n) != k)
				ck_abort_msg("position %ju of %u senders: sender %u", (uintmax_t)k,
					     n,
					     sender);
		}
		for (uint32_t sender = 0; sender < n; sender++)
			ck_assert_uint_eq(sender_positions(positions, sender, n), next[sender]);
	}
}

TEST(takes_turns_by_blocks)
{
	ck_assert_uint_eq(sender_of(0, 3), 0);
	ck_assert_uint_eq(sender_of(SENDER_BLOCK, 3), 1);
	ck_assert_uint_eq(sender_of(2 * SENDER_BLOCK, 3), 2);
	ck_assert_uint_eq(sender_of(3 * SENDER_BLOCK, 3), 0);
	ck_assert_uint_eq(sender_pos(3 * SENDER_BLOCK + 7, 3), SENDER_BLOCK + 7);
}

/* As far as positions go. */
TEST(knows_large_positions)
{
	uint64_t last = INT64_MAX - 1;

	for (uint32_t n = 1; n <= N_MAX; n++) {
		uint32_t sender = sender_of(last, n);
		uint64_t sum = 0;

		ck_assert_uint_eq(sender_whole(sender_pos(last, n), sender, n), last);
		ck_assert_uint_eq(sender_positions(last + 1, sender, n), sender_pos(last, n) + 1);
		for (sender = 0; sender < n; sender++)
			sum += sender_positions(last + 1, sender, n);
		ck_assert_uint_eq(sum, last + 1);
	}
}
