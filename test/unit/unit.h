/*
 * The frame of the unit tests. A file test/unit/test_x.c holds the tests of module x and registers
 * them itself:
 *
 *	START_TEST(rejects_empty) { ck_assert(!addr_parse("", &a)); } END_TEST
 *
 *	UNIT_SUITE(addr)
 *	{
 *		unit_case(suite, "parse", rejects_empty, takes_v4, takes_v6);
 *	}
 */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stddef.h>

struct unit_suite {
	const char *name;
	void (*fill)(Suite *suite);
	struct unit_suite *next;
};

/* Put a suite on the list that main runs; it must live as long as the program. For UNIT_SUITE. */
void unit_register(struct unit_suite *suite);

/* Add a test case of the tests up to the NULL. For unit_case. */
TCase *unit_add_case(Suite *suite, const char *name, const TTest *const tests[]);

/* Followed by a function body that fills `suite`. */
#define UNIT_SUITE(name_)                                                                          \
	static void unit_fill_##name_(Suite *suite);                                               \
	__attribute__((constructor)) static void unit_register_##name_(void)                       \
	{                                                                                          \
		static struct unit_suite self = { #name_, unit_fill_##name_, NULL }; \
		unit_register(&self);                                                              \
	}                                                                                          \
	static void unit_fill_##name_(Suite *suite)

/*
 * One test case of the START_TEST names given, at least one. Returns the TCase, for what Check
 * offers beyond this: fixtures (tcase_add_checked_fixture), tests over a range
 * (tcase_add_loop_test), a longer time-out.
 */
#define unit_case(suite_, name_, ...)                                                              \
	unit_add_case(suite_, name_, (const TTest *const[]){ __VA_ARGS__, NULL })

#endif
