#include "bisect.h"
#include "unit.h"

struct places {
	size_t n, before;
};

static bool is_before(const void *arg, size_t i)
{
	const struct places *p = arg;

	ck_assert_uint_lt(i, p->n);
	return i < p->before;
}

TEST(counts_what_comes_before)
{
	for (size_t n = 0; n < 70; n++)
		for (size_t before = 0; before <= n; before++)
			ck_assert_uint_eq(bisect(n, is_before, &(struct places){ n, before }),
					  before);
}
