/*
 * The frame of the unit tests. A file test_x.c holds the tests of module x, the suite x; each test
 * registers itself and is a case by its name (CK_RUN_CASE=takes_v4):
 *
 *	TEST(takes_v4)
 *	{
 *		ck_assert_int_eq(addr_parse(&a, "198.18.0.1"), 0);
 *	}
 *
 *	static const struct {
 *		const char *text;
 *		uint64_t hi, lo;
 *	} good[] = {
 *		{ "::1", 0, 1 },
 *	};
 *
 *	TEST_EACH(takes, good)
 *	{
 *		ck_assert_int_eq(addr_parse(&a, row->text), 0);
 *	}
 */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stddef.h>

#define N_OF(x) (sizeof(x) / sizeof((x)[0]))

struct unit_test {
	TTest check;			/* as Check has it; its file names the suite */
	size_t n;			/* how often it runs, with _i of 0..n - 1 */
	struct unit_test *next;
};

/* Put a test into its suite; it must live as long as the program. For TEST. */
void unit_add_test(struct unit_test *test);

/* For TEST_AROUND. */
void unit_set_around(const char *file, void (*before)(void), void (*after)(void));

/* A test that runs n_ times, followed by its body, in which _i is 0..n_ - 1. */
#define TEST_TIMES(name_, n_)                                                                      \
	static void test_##name_(int _i);                                                          \
	__attribute__((constructor)) static void unit_add_##name_(void)                            \
	{                                                                                          \
		static struct unit_test self = {                                                   \
			{ #name_, test_##name_, __FILE__, __LINE__ }, n_, NULL                     \
		};                                                                                 \
		unit_add_test(&self);                                                              \
	}                                                                                          \
	static void test_##name_(int _i CK_ATTRIBUTE_UNUSED)

/* A test, followed by its body. */
#define TEST(name_) TEST_TIMES(name_, 1)

/* A test of each row of an array, followed by its body, in which `row` points to the row. */
#define TEST_EACH(name_, rows_)                                                                    \
	static void row_##name_(const __typeof__((rows_)[0]) *row);                                \
	TEST_TIMES(name_, N_OF(rows_))                                                             \
	{                                                                                          \
		row_##name_(&(rows_)[_i]);                                                         \
	}                                                                                          \
	static void row_##name_(const __typeof__((rows_)[0]) *row)

/* What is called before and after each test of the file; either may be NULL. */
#define TEST_AROUND(before_, after_)                                                               \
	__attribute__((constructor)) static void unit_set_around_here(void)                        \
	{                                                                                          \
		unit_set_around(__FILE__, before_, after_);                                        \
	}

#endif
