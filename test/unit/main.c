/*
 * Runs every suite, or the one that the first argument names, in one runner. CK_FORK, CK_VERBOSITY
 * and Check's other variables work as usual. Exit status 0 only if tests ran and all of them
 * passed.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct unit_suite *first_suite;
static struct unit_suite **last_link = &first_suite;

void unit_register(struct unit_suite *suite)
{
	*last_link = suite;
	last_link = &suite->next;
}

TCase *unit_add_case(Suite *suite, const char *name, const TTest *const tests[])
{
	TCase *tcase = tcase_create(name);

	for (; *tests; tests++)
		tcase_add_test(tcase, *tests);
	suite_add_tcase(suite, tcase);
	return tcase;
}

int main(int argc, char **argv)
{
	SRunner *runner = srunner_create(NULL);
	int n_run, n_failed;

	/* Only there to end a hang: a sanitizer build on a busy machine is slow. */
	setenv("CK_DEFAULT_TIMEOUT", "120", 0);
	for (struct unit_suite *unit = first_suite; unit; unit = unit->next) {
		if (argc > 1 && strcmp(unit->name, argv[1]) != 0)
			continue;
		Suite *suite = suite_create(unit->name);
		unit->fill(suite);
		srunner_add_suite(runner, suite);
	}
	srunner_run_all(runner, CK_ENV);
	n_run = srunner_ntests_run(runner);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (n_run == 0) {
		fprintf(stderr, "unit: no test ran%s%s\n", argc > 1 ? ": no suite is named " : "",
			argc > 1 ? argv[1] : "");
		return 1;
	}
	return n_failed > 0;
}
