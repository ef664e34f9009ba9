#include "unit.h"

#include "nud.h"

#define EVERY	1000u
#define WAIT	250u
#define BEGIN	5000u

static const uint8_t here[6] = { 2, 0, 0, 0, 0, 1 }, there[6] = { 2, 0, 0, 0, 0, 2 };
static struct nud r;

static void begin(void)
{
	nud_init(&r, here, EVERY, BEGIN);
}

TEST_AROUND(begin, NULL)

/* Who answers is asked alone, and no more often than that. */
TEST(probed_at_intervals)
{
	for (uint64_t n = 1; n < 5; n++) {
		uint64_t due_ns = BEGIN + n * EVERY;

		ck_assert_int_eq(nud_due(&r, due_ns - 1), NUD_QUIET);
		ck_assert_int_eq(nud_due(&r, due_ns), NUD_PROBE_UNICAST);
		ck_assert_int_eq(nud_due(&r, due_ns), NUD_QUIET);
		ck_assert_int_eq(nud_take(&r, here), NUD_SAME);
		ck_assert_uint_eq(r.heard_ns, due_ns);
		ck_assert(r.answers && !nud_gone(&r));
	}
}

TEST(who_takes_its_place_is_found)
{
	uint64_t now_ns = BEGIN + EVERY;

	ck_assert_int_eq(nud_due(&r, now_ns), NUD_PROBE_UNICAST);
	ck_assert_int_eq(nud_take(&r, here), NUD_SAME);
	now_ns += EVERY;
	ck_assert_int_eq(nud_due(&r, now_ns), NUD_PROBE_UNICAST);
	ck_assert_int_eq(nud_due(&r, now_ns + WAIT - 1), NUD_QUIET);
	/* Before everyone is asked another's word is not taken. */
	ck_assert_int_eq(nud_take(&r, there), NUD_OTHER);
	ck_assert_int_eq(nud_due(&r, now_ns + WAIT), NUD_PROBE_BROADCAST);
	ck_assert_int_eq(nud_take(&r, there), NUD_MOVED);
	ck_assert_mem_eq(r.mac, there, 6);
	ck_assert_int_eq(nud_due(&r, now_ns + WAIT), NUD_QUIET);
	ck_assert_int_eq(nud_take(&r, there), NUD_SAME);
}

/* A question that was lost moves nobody. */
TEST(who_answers_late_stays)
{
	uint64_t now_ns = BEGIN + EVERY;

	ck_assert_int_eq(nud_due(&r, now_ns), NUD_PROBE_UNICAST);
	ck_assert_int_eq(nud_due(&r, now_ns + WAIT), NUD_PROBE_BROADCAST);
	ck_assert_int_eq(nud_due(&r, now_ns + 2 * WAIT), NUD_PROBE_BROADCAST);
	ck_assert_int_eq(nud_take(&r, here), NUD_SAME);
	/* The answer may be to the first of the questions. */
	ck_assert_uint_eq(r.heard_ns, now_ns);
	/* Of two that answer the first counts. */
	ck_assert_int_eq(nud_take(&r, there), NUD_OTHER);
	ck_assert_mem_eq(r.mac, here, 6);
}

/* What nobody asked for (a gratuitous ARP, say) is looked into at once, and only that. */
TEST(unsolicited_answers)
{
	uint64_t now_ns = BEGIN + EVERY;

	ck_assert_int_eq(nud_due(&r, now_ns), NUD_PROBE_UNICAST);
	ck_assert_int_eq(nud_take(&r, here), NUD_SAME);
	ck_assert_int_eq(nud_take(&r, there), NUD_OTHER);
	ck_assert_mem_eq(r.mac, here, 6);
	ck_assert_int_eq(nud_due(&r, now_ns + 10), NUD_PROBE_UNICAST);
	ck_assert_int_eq(nud_take(&r, here), NUD_SAME);
	ck_assert_int_eq(nud_due(&r, now_ns + 12), NUD_QUIET);
	/* A question that waits for its answer is not asked again. */
	nud_doubt(&r);
	ck_assert_int_eq(nud_due(&r, now_ns + 12), NUD_PROBE_UNICAST);
	nud_doubt(&r);
	ck_assert_int_eq(nud_due(&r, now_ns + 13), NUD_QUIET);
}

/* Who has never answered is not gone; who was there is, after a while, and is asked on. */
TEST(who_is_gone)
{
	uint64_t now_ns = BEGIN + EVERY;

	for (int round = 0; round < 2; round++) {
		unsigned int asked = 1;

		ck_assert_int_eq(nud_due(&r, now_ns), NUD_PROBE_UNICAST);
		for (uint64_t end_ns = now_ns + 100 * EVERY; now_ns < end_ns; now_ns++) {
			enum nud_probe due = nud_due(&r, now_ns);

			ck_assert_int_ne(due, NUD_PROBE_UNICAST);
			asked += due == NUD_PROBE_BROADCAST;
			if (asked < 10)
				ck_assert(!nud_gone(&r));
		}
		ck_assert_uint_gt(asked, 100);
		ck_assert_uint_lt(asked, 110);
		ck_assert_int_eq(nud_gone(&r), round == 1);
		ck_assert_int_eq(nud_take(&r, here), NUD_SAME);
		ck_assert(!nud_gone(&r));
		now_ns += EVERY;
	}
}

/* On a clock that has just begun. */
TEST(early)
{
	nud_init(&r, here, EVERY, 1);
	nud_doubt(&r);
	ck_assert_int_eq(nud_due(&r, EVERY), NUD_PROBE_UNICAST);
	ck_assert_int_eq(nud_take(&r, here), NUD_SAME);
}
