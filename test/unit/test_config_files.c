/* Files that a run reads and writes: none harms another, and all can be written. */
#include "config_rig.h"
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "--key 00112233445566778899aabbccddeeff"

static char dir[64], path[80];

/* A folder, in which path is a file that is not there. */
static void setup(void)
{
	strcpy(dir, "/tmp/tfomap-test-files-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
}

static void teardown(void)
{
	unlink(path);
	rmdir(dir);
}

static void put_file(const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

START_TEST(named_twice)
{
	refuses("x -o same -m same", "--output-file and --metadata-file both name same", "another");
	refuses("x -o same -u same", "--output-file and --status-updates-file", "same");
	refuses("-I same -o same", "--targets-file and --output-file", "same");
	refuses("x --payload file:same -l same", "--payload file: and --log-file", "same");
	refuses("x -C same -m same", "--config and --metadata-file", "same");
	refuses("x --tx pcap:same --cookie-file same", "--tx pcap: and --cookie-file", "same");
	refuses("x --rx pcap:same -o same " KEY, "--rx pcap: and --output-file", "same");
	takes("x -o /dev/null -m /dev/null");
	config_free(&config);
	takes("-w same -b same");
	config_free(&config);
}
END_TEST

/* One file by two names. */
START_TEST(spelled_otherwise)
{
	char args[256];

	put_file("");
	snprintf(args, sizeof(args), "-I %s -o %s/../%s/file", path, dir, strrchr(dir, '/') + 1);
	refuses(args, "--targets-file and --output-file", "/file");
}
END_TEST

START_TEST(standard_output)
{
	takes("-I - -o -");
	config_free(&config);
	takes("x --save-pcap - -o rows");
	config_free(&config);
	refuses("x -l -", "--log-file -: ", "name a file");
	refuses("x -u -", "--status-updates-file -: ", "name a file");
	refuses("x -m - -o rows", "--metadata-file -: ", "name a file");
	refuses("x --cookie-file -", "--cookie-file -: ", "name a file");
	refuses("x --save-pcap -", "--save-pcap -: ", "name a file");
	refuses("x --save-pcap - -o -", "--save-pcap -: ", "name a file");
	refuses("x --tx pcap:-", "--tx pcap:-: ", "name a file");
	refuses("x --tx pcap:- --save-pcap - -o rows", "--save-pcap and --tx pcap:", "both name -");
}
END_TEST

/* Whether the outputs of a run with that option, whose value ends with name, can be written. */
static int tries(const char *option, const char *name)
{
	char args[160];
	int err;

	snprintf(args, sizeof(args), "x %s%s", option, name);
	takes(args);
	err = config_try_outputs(&config, &fault);
	config_free(&config);
	return err;
}

static const char *const outputs[] = {
	"--output-file ", "--metadata-file ", "--status-updates-file ", "--log-file ",
	"--save-pcap ", "--tx pcap:", "--cookie-file ",
};

#define N_OUTPUTS (sizeof(outputs) / sizeof(outputs[0]))

START_TEST(tries_leave_no_trace)
{
	for (size_t i = 0; i < N_OUTPUTS; i++) {
		char got[8] = "";
		FILE *f;

		ck_assert_int_eq(tries(outputs[i], path), 0);
		ck_assert_int_eq(access(path, F_OK), -1);
		put_file("kept");
		ck_assert_int_eq(tries(outputs[i], path), 0);
		f = fopen(path, "r");
		ck_assert_ptr_nonnull(fgets(got, sizeof(got), f));
		ck_assert_str_eq(got, "kept");
		fclose(f);
		unlink(path);
	}
}
END_TEST

/* Neither waited for, nor ended for who reads it. */
START_TEST(tries_let_pipes_alone)
{
	struct pollfd reader = { .events = POLLIN };

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(tries("--output-file ", path), 0);
	reader.fd = open(path, O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(reader.fd, 0);
	ck_assert_int_eq(tries("--output-file ", path), 0);
	ck_assert_int_eq(poll(&reader, 1, 0), 0);	/* it would hang up after a writer */
	close(reader.fd);
}
END_TEST

static void refused(const char *option, const char *name, int err)
{
	ck_assert_int_eq(tries(option, name), -err);
	ck_assert_msg(strncmp(fault.msg, option, strlen(option)) == 0
		      && strstr(fault.msg, name) && strstr(fault.msg, strerror(err)),
		      "%s%s: %s", option, name, fault.msg);
}

START_TEST(tries_fail)
{
	char missing[96];

	snprintf(missing, sizeof(missing), "%s/no/file", dir);
	for (size_t i = 0; i < N_OUTPUTS; i++) {
		refused(outputs[i], dir, EISDIR);
		refused(outputs[i], missing, ENOENT);
	}
}
END_TEST

/* What a dry run, or one from a capture, does not write need not be there. */
START_TEST(not_written)
{
	ck_assert_int_eq(tries("-d -o /nonexistent/f -m ", "/nonexistent/g"), 0);
	ck_assert_int_eq(tries("-d --cookie-file ", "/nonexistent/f"), 0);
	ck_assert_int_eq(tries("--rx pcap:f " KEY " --cookie-file ", "/nonexistent/f"), 0);
	ck_assert_int_eq(tries("-o ", "-"), 0);
	ck_assert_int_eq(tries("-b ", "/nonexistent/f"), 0);
}
END_TEST

UNIT_SUITE(config_files)
{
	TCase *clash = unit_case(suite, "clash", named_twice, spelled_otherwise, standard_output);
	TCase *try = unit_case(suite, "try", tries_leave_no_trace, tries_let_pipes_alone,
			       tries_fail, not_written);

	tcase_add_checked_fixture(clash, setup, teardown);
	tcase_add_checked_fixture(try, setup, teardown);
}
