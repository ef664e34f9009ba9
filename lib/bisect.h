/* bisect: binary search over whatever has an order and a number for each place. */
#ifndef TFOMAP_BISECT_H
#define TFOMAP_BISECT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether element i comes before what arg describes. */
typedef bool bisect_before_fn(const void *arg, size_t i);

/*
 * How many of the places 0..n-1 come before: those from there on do not. Inline, as the question
 * then is, too; and one step is an addition or none, which compilers can make without a branch.
 */
static inline __attribute__((always_inline)) size_t bisect(size_t n, bisect_before_fn *before,
							   const void *arg)
{
	size_t at = 0;

	while (n) {
		size_t half = n - n / 2;

		at = before(arg, at + half - 1) ? at + half : at;
		n -= half;
	}
	return at;
}

#endif
