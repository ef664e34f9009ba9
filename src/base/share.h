/* share: what a count says of the whole that it is a sample of. */
#ifndef TFOMAP_SHARE_H
#define TFOMAP_SHARE_H

#include <math.h>
#include <stdint.h>

struct share {
	double value, low, high;	/* 0..1 */
};

#define SHARE_Z 1.959963984540054	/* of 95 % */

/*
 * k of n with the interval of Wilson's score at 95 % (Wilson 1927, without correction for
 * continuity). n 0: nothing is known, 0..1.
 */
static inline struct share share_wilson(uint64_t k, uint64_t n)
{
	const double z2 = SHARE_Z * SHARE_Z;
	double p, half, middle, m = (double)n;

	if (!n)
		return (struct share){ 0, 0, 1 };
	p = (double)k / m;
	middle = (p + z2 / (2 * m)) / (1 + z2 / m);
	half = SHARE_Z / (1 + z2 / m) * sqrt(p * (1 - p) / m + z2 / (4 * m * m));
	return (struct share){ p, k == 0 ? 0 : middle - half, k == n ? 1 : middle + half };
}

/*
 * Cohen's kappa: agreement beyond what comes by chance; 1 where all agree. observed, expected: the
 * shares of agreement, 0..1.
 */
static inline double share_kappa(double observed, double expected)
{
	return expected >= 1 ? 1 : (observed - expected) / (1 - expected);
}

#endif
