/* Files that a run reads and writes: none harms another, and all can be written. */
#include "config/config_files.h"
#include "config_rig.h"
#include "files/file_lock.h"
#include "unit.h"

#include <errno.h>
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

/* Reads a run's words, in which @ is the file. */
static const char *takes_at(const char *form)
{
	static char args[512];
	size_t n = 0;

	for (; *form; form++)
		n += (size_t)snprintf(args + n, sizeof(args) - n, *form == '@' ? "%s" : "%.1s",
				      *form == '@' ? path : form);
	takes(args);
	return args;
}

/* Such a run is refused before anything is made. */
static void clash(const char *form, const char *say, const char *say_too)
{
	const char *args = takes_at(form);

	ck_assert_msg(config_try_outputs(&config, &fault) == -EINVAL, "%s was taken", args);
	ck_assert_msg(strstr(fault.msg, say) && strstr(fault.msg, say_too)
		      && strstr(fault.msg, "another file"), "%s: '%s'", args, fault.msg);
	config_free(&config);
}

static void no_clash(const char *form)
{
	const char *args = takes_at(form);

	ck_assert_msg(config_try_outputs(&config, &fault) == 0, "%s: %s", args, fault.msg);
	config_free(&config);
}

TEST_AROUND(setup, teardown)

TEST(named_twice)
{
	for (int there = 0; there < 2; there++) {
		clash("x -o @ -m @", "--output-file and --metadata-file both name", path);
		clash("x -o @ -u @", "--output-file and --status-updates-file", path);
		clash("-I @ -o @", "--targets-file and --output-file", path);
		clash("x -w @ -l @", "--allowlist-file and --log-file", path);
		clash("x --tx pcap:@ --cookie-file @", "--tx pcap: and --cookie-file", path);
		clash("x --rx pcap:@ -o @ " KEY, "--rx pcap: and --output-file", path);
		clash("x --rx pcap:f --cookie-file @ -o @ " KEY, "--output-file and --cookie-file",
		      path);
		ck_assert_int_eq(access(path, F_OK), there - 1);
		put_file("");
	}
	put_file("something");
	clash("x --payload file:@ -l @", "--payload file: and --log-file", path);
	put_file("");
	clash("x -C @ -m @", "--config and --metadata-file", path);
	no_clash("x -o /dev/null -m /dev/null");
	no_clash("-w @ -b @");
}

/* One file by two names, there or not yet; a pipe's names do as well. */
TEST(spelled_otherwise)
{
	char other[96], link_name[96], form[256];

	snprintf(other, sizeof(other), "%s/../%s/file", dir, strrchr(dir, '/') + 1);
	snprintf(link_name, sizeof(link_name), "%s/link", dir);
	ck_assert_int_eq(symlink("file", link_name), 0);
	for (int there = 0; there < 3; there++) {
		snprintf(form, sizeof(form), "x -m @ -o %s", other);
		clash(form, "--output-file and --metadata-file", "/file");
		snprintf(form, sizeof(form), "x -m @ -o %s", link_name);
		clash(form, "--output-file and --metadata-file", dir);
		ck_assert_int_eq(access(path, F_OK), there ? 0 : -1);
		unlink(path);
		if (there == 1)
			ck_assert_int_eq(mkfifo(path, 0600), 0);
		else
			put_file("");
	}
	unlink(link_name);
}

/* What the shell has opened is a file like others. */
TEST(streams)
{
	int out = dup(STDOUT_FILENO), in = dup(STDIN_FILENO), fd;

	put_file("");
	fd = open(path, O_RDWR);
	dup2(fd, STDOUT_FILENO);
	clash("x -m @", "--output-file (standard output) and --metadata-file both name", path);
	clash("x -m /dev/stdout", "--output-file (standard output) and --metadata-file",
	      "/dev/stdout");
	clash("-I @", "--targets-file and --output-file (standard output)", path);
	clash("x --save-pcap - -o @", "--output-file and --save-pcap (standard output)", path);
	dup2(out, STDOUT_FILENO);
	dup2(fd, STDIN_FILENO);
	clash("-I - -o @", "--targets-file (standard input) and --output-file", path);
	no_clash("-I - -o -");
	dup2(in, STDIN_FILENO);
	close(in);
	close(out);
	close(fd);
}

TEST(standard_output)
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
	clash("x --tx pcap:- --save-pcap - -o @", "--save-pcap (standard output) and --tx pcap: ",
	      "both name -");
}

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

#define N_OUTPUTS N_OF(outputs)

TEST(tries_leave_no_trace)
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

/* Neither waited for, nor ended for who reads it. */
TEST(tries_let_pipes_alone)
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

static void refused(const char *option, const char *name, int err)
{
	ck_assert_int_eq(tries(option, name), -err);
	ck_assert_msg(strncmp(fault.msg, option, strlen(option)) == 0
		      && strstr(fault.msg, name) && strstr(fault.msg, strerror(err)),
		      "%s%s: %s", option, name, fault.msg);
}

TEST(tries_fail)
{
	char missing[96];

	snprintf(missing, sizeof(missing), "%s/no/file", dir);
	for (size_t i = 0; i < N_OUTPUTS; i++) {
		refused(outputs[i], dir, EISDIR);
		refused(outputs[i], missing, ENOENT);
	}
}

/* What another run writes to; but several may add to cookies and messages. */
TEST(in_use)
{
	for (size_t i = 0; i < N_OUTPUTS; i++) {
		bool shared = strstr(outputs[i], "--log-file") || strstr(outputs[i], "--cookie");
		int other = open(path, O_WRONLY | O_CREAT, 0600);

		ck_assert_int_eq(file_lock_take(other), 0);
		ck_assert_int_eq(tries(outputs[i], path), shared ? 0 : -EBUSY);
		if (!shared)
			ck_assert_msg(strncmp(fault.msg, outputs[i], strlen(outputs[i])) == 0
				      && strstr(fault.msg, path)
				      && strstr(fault.msg, "another tfomap; wait"),
				      "%s", fault.msg);
		close(other);
		ck_assert_int_eq(tries(outputs[i], path), 0);
		unlink(path);
	}
}

/* What a dry run, or one from a capture, does not write need not be there. */
TEST(not_written)
{
	ck_assert_int_eq(tries("-d -o /nonexistent/f -m ", "/nonexistent/g"), 0);
	ck_assert_int_eq(tries("-d --cookie-file ", "/nonexistent/f"), 0);
	ck_assert_int_eq(tries("--rx pcap:f " KEY " --cookie-file ", "/nonexistent/f"), 0);
	ck_assert_int_eq(tries("-o ", "-"), 0);
	ck_assert_int_eq(tries("-b ", "/nonexistent/f"), 0);
}
