/*
 * check: stands in for the unit tests' library where a fuzz target uses one of their rigs
 * (test/unit): what it asserts must hold here, too, and ends the process.
 */
#ifndef TFOMAP_FUZZ_CHECK_H
#define TFOMAP_FUZZ_CHECK_H

#include "fuzz.h"

#define ck_assert(x)		MUST(x)
#define ck_assert_msg(x, ...)	\
	((x) ? (void)0 : (fprintf(stderr, __VA_ARGS__), fuzz_fail(#x, __FILE__, __LINE__)))
#define ck_assert_int_eq(a, b)	MUST((a) == (b))
#define ck_assert_int_ge(a, b)	MUST((a) >= (b))
#define ck_assert_int_lt(a, b)	MUST((a) < (b))
#define ck_assert_uint_eq(a, b)	MUST((a) == (b))
#define ck_assert_ptr_nonnull(p) MUST((p) != NULL)

#endif
