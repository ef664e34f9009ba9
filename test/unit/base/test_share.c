#include "base/share.h"

#include "unit.h"

/* 81 of 263: Newcombe (1998), method 3; the others: R's prop.test(correct = FALSE). */
static const struct {
	uint64_t k, n;
	double low, high;
} rows[] = {
	{ 0, 10, 0, 0.277533 }, { 10, 10, 0.722467, 1 }, { 1, 10, 0.017876, 0.404150 },
	{ 5, 10, 0.236593, 0.763407 }, { 81, 263, 0.2553, 0.3662 }, { 0, 0, 0, 1 },
};

TEST_EACH(wilson, rows)
{
	struct share s = share_wilson(row->k, row->n);

	ck_assert_double_eq_tol(s.low, row->low, 5e-5);
	ck_assert_double_eq_tol(s.high, row->high, 5e-5);
	ck_assert(s.low <= s.value || !row->n);
	ck_assert(s.value <= s.high);
}

TEST(kappa)
{
	ck_assert_double_eq_tol(share_kappa(0.7, 0.5), 0.4, 1e-12);
	ck_assert_double_eq(share_kappa(1, 1), 1);
	ck_assert_double_eq(share_kappa(0.5, 0.5), 0);
}
