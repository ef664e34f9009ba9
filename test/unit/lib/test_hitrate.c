#include "hitrate.h"
#include "unit.h"

#define S 1000000000ull

/* So many seconds of so many probes a second, share of which are answered. */
struct phase {
	unsigned int seconds;
	uint64_t rate;
	double share;
	unsigned int collapses;		/* that are to be noticed */
};

static const struct {
	const char *what;
	uint64_t start_ns;
	struct phase phases[5];
} courses[] = {
	{ "each collapse once", 7 * S, { { 60, 10000, 0.02, 0 }, { 60, 10000, 0.001, 1 },
					 { 60, 10000, 0.02, 0 }, { 60, 10000, 0, 1 } } },
	{ "nobody answers", 0, { { 100, 10000, 0, 0 } } },
	{ "the rate falls, the share does not", 0,
	  { { 100, 10000, 0.1, 0 }, { 100, 10, 0.1, 0 } } },
	{ "the share halves", 0, { { 100, 10000, 0.1, 0 }, { 100, 10000, 0.05, 0 } } },
	{ "sending has paused", 0, { { 100, 10000, 0.05, 0 }, { 100, 0, 0, 0 } } },
	/* 5 answers a second are due: not noticed before 20 s have passed. */
	{ "enough answers", 0, { { 200, 100, 0.05, 0 }, { 18, 100, 0, 0 }, { 30, 100, 0, 1 } } },
};

TEST_EACH(notices_collapses, courses)
{
	uint64_t t = row->start_ns, sent = 0;
	double answers = 0;
	struct hitrate h;

	hitrate_init(&h, t);
	for (const struct phase *p = row->phases; p->seconds; p++) {
		unsigned int noticed = 0;

		for (unsigned int n = 0; n < p->seconds; n++) {
			t += S;
			sent += p->rate;
			answers += (double)p->rate * p->share;
			noticed += hitrate_feed(&h, t, sent, (uint64_t)answers);
		}
		ck_assert_msg(noticed == p->collapses, "%s: %u", row->what, noticed);
	}
}
