/*
 * Runs every suite, or those that the arguments name: a process a suite, as many at a time as there
 * are CPUs. A suite that does not come through, as its process crashed, hung, or was found
 * at fault by a sanitizer, is run once more with a process a test, which names the test; it has
 * failed all the same. CK_VERBOSITY, CK_RUN_CASE and Check's other variables work as usual;
 * CK_FORK=yes makes a process a test from the start, CK_FORK=no, with a suite's name, none at all.
 * Exit status 0 only if tests ran and all of them passed.
 */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Only there to end a hang: a sanitizer build on a busy machine is slow. */
#define TEST_S	"120"
#define SUITE_S	600

#define SUITES_MAX 256

/* The tests of one file. */
struct unit_suite {
	char name[48];
	struct unit_test *first, **last_link;
	void (*before)(void), (*after)(void);
};

/* What a suite's process has done; shared with it. */
struct outcome {
	int n_run, n_failed;
	bool is_whole;			/* all of its tests have ended */
};

/* A suite that runs, or has run. */
struct job {
	struct unit_suite *unit;
	pid_t pid;			/* 0: it has ended */
	FILE *said;
	struct outcome *outcome;
	bool again;			/* a process a test: it was not whole before */
	bool stopped_short;
};

static struct unit_suite suites[SUITES_MAX];
static size_t n_suites;
static struct job jobs[SUITES_MAX];
static size_t n_jobs;

static void die(const char *what)
{
	fprintf(stderr, "unit: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- who registers -------------------------------------------------------------------------- */

/* The suite x of the file .../test_x.c. */
static struct unit_suite *suite_of(const char *file)
{
	const char *base = strstr(file, "/test_") + strlen("/test_");
	size_t len = strlen(base) - strlen(".c");
	struct unit_suite *suite = suites;

	for (; suite < suites + n_suites; suite++)
		if (strncmp(suite->name, base, len) == 0 && !suite->name[len])
			return suite;
	if (n_suites == SUITES_MAX || len >= sizeof(suite->name)) {
		fprintf(stderr, "unit: %s: a suite too many, or too long a name\n", file);
		exit(1);
	}
	n_suites++;
	memcpy(suite->name, base, len);
	suite->last_link = &suite->first;
	return suite;
}

void unit_add_test(struct unit_test *test)
{
	struct unit_suite *suite = suite_of(test->check.file);

	*suite->last_link = test;
	suite->last_link = &test->next;
}

void unit_set_around(const char *file, void (*before)(void), void (*after)(void))
{
	struct unit_suite *suite = suite_of(file);

	suite->before = before;
	suite->after = after;
}

/* ---- one suite ------------------------------------------------------------------------------ */

static void fill(const struct unit_suite *unit, Suite *suite)
{
	for (struct unit_test *test = unit->first; test; test = test->next) {
		TCase *tcase = tcase_create(test->check.name);

		tcase_add_checked_fixture(tcase, unit->before, unit->after);
		tcase_add_loop_test(tcase, &test->check, 0, (int)test->n);
		suite_add_tcase(suite, tcase);
	}
}

static void run_suite(struct unit_suite *unit, bool apart, struct outcome *outcome)
{
	Suite *suite = suite_create(unit->name);
	SRunner *runner = srunner_create(suite);
	bool quiet = !getenv("CK_VERBOSITY");

	fill(unit, suite);
	srunner_set_fork_status(runner, apart ? CK_FORK : CK_NOFORK);
	srunner_run_all(runner, quiet ? CK_SILENT : CK_ENV);
	outcome->n_run = srunner_ntests_run(runner);
	outcome->n_failed = srunner_ntests_failed(runner);
	outcome->is_whole = true;
	if (quiet && outcome->n_failed)
		srunner_print(runner, CK_NORMAL);
	srunner_free(runner);
}

static void start(struct job *job)
{
	const char *fork_word = getenv("CK_FORK");
	bool apart = job->again || (fork_word && strcmp(fork_word, "yes") == 0);

	*job->outcome = (struct outcome){ .is_whole = false };
	fflush(NULL);
	job->pid = fork();
	if (job->pid < 0)
		die("fork");
	if (job->pid)
		return;
	if (dup2(fileno(job->said), STDOUT_FILENO) < 0
	    || dup2(fileno(job->said), STDERR_FILENO) < 0)
		die("dup2");
	alarm(SUITE_S);
	run_suite(job->unit, apart, job->outcome);
	exit(0);			/* where a sanitizer has its last word */
}

/* True: it is to run once more. */
static bool end(struct job *job, int status)
{
	job->pid = 0;
	job->stopped_short |= !job->outcome->is_whole || status != 0;
	if (!job->stopped_short || job->again)
		return false;
	fseek(job->said, 0, SEEK_END);
	if (WIFSIGNALED(status))
		fprintf(job->said, "ended by signal %d", WTERMSIG(status));
	else
		fprintf(job->said, "ended with status %d", WEXITSTATUS(status));
	fprintf(job->said, "; once more, a process a test:\n");
	fflush(job->said);
	job->again = true;
	return true;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void add_job(struct unit_suite *unit, struct outcome *outcome)
{
	jobs[n_jobs] = (struct job){ .unit = unit, .outcome = outcome, .said = tmpfile() };
	if (!jobs[n_jobs].said)
		die("tmpfile");
	n_jobs++;
}

static bool is_wanted(const struct unit_suite *unit, char *const *names)
{
	bool wanted = !*names;

	for (; *names && !wanted; names++)
		wanted = strcmp(unit->name, *names) == 0;
	return wanted;
}

static void list_jobs(char *const *names)
{
	struct outcome *outcomes = mmap(NULL, SUITES_MAX * sizeof(*outcomes),
					PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (outcomes == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < n_suites; i++)
		if (is_wanted(&suites[i], names))
			add_job(&suites[i], &outcomes[n_jobs]);
}

static void show(struct job *job)
{
	char buffer[4096];
	size_t n;

	printf(" %s\n", job->unit->name);
	rewind(job->said);
	while ((n = fread(buffer, 1, sizeof(buffer), job->said)) > 0)
		fwrite(buffer, 1, n, stdout);
	fclose(job->said);
	fflush(stdout);
}

static struct job *job_of(pid_t pid)
{
	size_t i = 0;

	while (jobs[i].pid != pid)
		i++;
	return &jobs[i];
}

/* What they say is shown in their order. */
static void run_jobs(unsigned int at_once)
{
	size_t next = 0, shown = 0;
	unsigned int running = 0;
	struct job *job;
	int status;
	pid_t pid;

	while (shown < n_jobs) {
		for (; next < n_jobs && running < at_once; running++)
			start(&jobs[next++]);
		pid = wait(&status);
		if (pid < 0)
			die("wait");
		job = job_of(pid);
		if (end(job, status))
			start(job);
		else
			running--;
		for (; shown < next && jobs[shown].pid == 0; shown++)
			show(&jobs[shown]);
	}
}

static unsigned int cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned int)CPU_COUNT(&set);
}

int main(int argc, char **argv)
{
	const char *fork_word = getenv("CK_FORK");
	int passed = 0, failed = 0;

	setenv("CK_DEFAULT_TIMEOUT", TEST_S, 0);
	list_jobs(argv + 1);
	if (n_jobs == 1 && fork_word && strcmp(fork_word, "no") == 0)
		run_suite(jobs[0].unit, false, jobs[0].outcome);
	else
		run_jobs(cpus());
	for (size_t i = 0; i < n_jobs; i++) {
		const struct outcome *o = jobs[i].outcome;

		passed += o->n_run - o->n_failed;
		failed += o->n_failed;
		if (jobs[i].stopped_short && o->n_failed == 0) {
			printf("%s did not come through as one process\n", jobs[i].unit->name);
			failed++;
		}
	}
	printf("%d passed, %d failed\n", passed, failed);
	if (passed + failed == 0)
		fprintf(stderr, "unit: no test ran%s%s\n", argc > 1 ? ": no suite is named " : "",
			argc > 1 ? argv[1] : "");
	return failed > 0 || passed == 0;
}
