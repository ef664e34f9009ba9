#include <errno.h>
#include <fcntl.h>

#include "base/lines.h"
#include "err.h"
#include "scratch.h"
#include "lists/misread.h"
#include "targets/targetlist.h"
#include "targets/targetlist_read.h"
#include "unit.h"

static struct targetlist list;
static struct misread misread;

static void open_list(void)
{
	misread = (struct misread){ .n = 0 };
	targetlist_init(&list);
}

static void close_list(void)
{
	targetlist_free(&list);
}

static const char text[] =
	"\xef\xbb\xbf" "198.18.0.2,80,two.example\r\n"
	"# a comment\r\n"
	"\r\n"
	"   [2001:2::1]:443\r\n"
	"198.18.0.1\n"
	"{\"dip\":\"198.18.0.1\",\"dp\":80,\"domain\":\"one.example\",\"rank\":1}\n"
	"198.18.0.2:80\n"
	"198.18.0.3,80,three.example\n"
	"{\"dip\":\"198.18.0.4\",\"dp\":80,\"domain\":\"b\\u00fccher.example\",\"rank\":4}";

static void check_text(void)
{
	static const struct {
		const char *ip;
		uint16_t port;
		const char *domain, *info, *wire;
	} want[] = {
		{ "198.18.0.1", 0, "", "", NULL },
		{ "198.18.0.1", 80, "one.example", "{\"rank\":1}", NULL },
		{ "198.18.0.2", 80, "two.example", "", NULL },
		{ "198.18.0.2", 80, "", "", NULL },
		{ "198.18.0.3", 80, "three.example", "", NULL },
		{ "198.18.0.4", 80, "b\xc3\xbc" "cher.example", "{\"rank\":4}",
		  "xn--bcher-kva.example" },
		{ "2001:2::1", 443, "", "", NULL },
	};

	ck_assert(list.has_extra);
	targetlist_sort(&list);
	ck_assert_uint_eq(list.n, N_OF(want));
	for (size_t i = 0; i < N_OF(want); i++) {
		struct target_extra x;
		struct addr ip;

		addr_parse(&ip, want[i].ip);
		ck_assert(addr_eq(list.v[i].ip, ip));
		ck_assert_uint_eq(targetlist_port(&list.v[i]), want[i].port);
		targetlist_extra(&list, &list.v[i], &x);
		ck_assert_str_eq(x.domain, want[i].domain);
		ck_assert_str_eq(x.info, want[i].info);
		ck_assert_str_eq(x.wire, want[i].wire ? want[i].wire : want[i].domain);
		/* Of the two lines that say the same, the first. */
		ck_assert_ptr_eq(targetlist_find(&list, 0, list.n, ip, want[i].port),
				 &list.v[i == 3 ? 2 : i]);
	}
	ck_assert_ptr_null(targetlist_find(&list, 0, list.n, list.v[6].ip, 0));
	ck_assert_ptr_null(targetlist_find(&list, 0, 2, list.v[2].ip, 80));
}

TEST_AROUND(open_list, close_list)

TEST(reads_a_file)
{
	struct err e = { "" };
	struct scratch f;

	scratch_open(&f, text, sizeof(text) - 1);
	ck_assert_msg(targetlist_read(&list, f.path, &misread, &e) == 0, "%s", e.msg);
	check_text();
	scratch_close(&f);
}

/* Reads path "-" with fd as stdin. */
static int read_stdin(int fd, struct err *e)
{
	int saved = dup(0), rc;

	ck_assert_int_eq(dup2(fd, 0), 0);
	rc = targetlist_read(&list, "-", &misread, e);
	dup2(saved, 0);
	close(saved);
	clearerr(stdin);
	return rc;
}

TEST(reads_a_pipe_on_stdin)
{
	struct err e = { "" };
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], text, sizeof(text) - 1), sizeof(text) - 1);
	close(p[1]);
	ck_assert_msg(read_stdin(p[0], &e) == 0, "%s", e.msg);
	close(p[0]);
	check_text();
}

/* What another program has read of it is not ours. */
TEST(reads_the_rest_of_a_file_on_stdin)
{
	static const char junk[] = "not a list\n";
	struct err e = { "" };
	struct scratch f;

	scratch_open(&f, junk, sizeof(junk) - 1);
	ck_assert_int_eq(pwrite(f.fd, text, sizeof(text) - 1, sizeof(junk) - 1), sizeof(text) - 1);
	lseek(f.fd, sizeof(junk) - 1, SEEK_SET);
	ck_assert_msg(read_stdin(f.fd, &e) == 0, "%s", e.msg);
	scratch_close(&f);
	check_text();
}

TEST(reads_a_pipe_by_name)
{
	struct err e = { "" };
	char path[32];
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], text, sizeof(text) - 1), sizeof(text) - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	/* The reader opens it anew; the end of the pipe comes with the last writer's. */
	ck_assert_int_eq(fcntl(p[0], F_SETFD, FD_CLOEXEC), 0);
	close(p[1]);
	ck_assert_msg(targetlist_read(&list, path, &misread, &e) == 0, "%s", e.msg);
	close(p[0]);
	check_text();
}

static void expect_error(const void *content, size_t len, const char *want)
{
	struct err e = { "" };
	struct scratch f;
	char full[96];

	scratch_open(&f, content, len);
	snprintf(full, sizeof(full), "%s%s", f.path, want);
	ck_assert_int_eq(targetlist_read(&list, f.path, &misread, &e), -EINVAL);
	ck_assert_msg(strncmp(e.msg, full, strlen(full)) == 0, "%s, want %s", e.msg, full);
	scratch_close(&f);
	targetlist_free(&list);
}

TEST(names_file_and_line)
{
	static char line[2 * LINES_MAX];
	struct err e = { "" };
	int p[2];

#define EXPECT(content, want) expect_error(content, sizeof(content) - 1, want)
	EXPECT("198.18.0.1\n\n# x\n198.18.0.1:x\n", ":4: 198.18.0.1:x");
	EXPECT("198.18.0.1\nexample.org", ":2: example.org: a name");
	EXPECT("198.18.0.1\n198.18\0.0.2\n", ":2: a NUL byte");
	EXPECT("\0", ":1: a NUL byte");
	EXPECT("198.18.0.1\n\0\n", ":2: a NUL byte");
	EXPECT("198.18.0.1\0junk", ":1: a NUL byte");
	EXPECT("198.18.0.1\n\x01\n", ":2: control characters");

	memset(line, ' ', sizeof(line));
	expect_error(line, sizeof(line), ":1: the line is longer than 65534 bytes");
	line[10] = '\n';
	expect_error(line, sizeof(line), ":2: the line is longer than 65534 bytes");

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], "x\n", 2), 2);
	close(p[1]);
	ck_assert_int_eq(read_stdin(p[0], &e), -EINVAL);
	ck_assert_msg(strncmp(e.msg, "stdin:1: x: a name", 18) == 0, "%s", e.msg);
	close(p[0]);
	e.msg[0] = '\0';
	targetlist_free(&list);
	ck_assert_int_eq(targetlist_read(&list, "/nowhere/list", &misread, &e), -ENOENT);
	ck_assert_str_eq(e.msg, "--targets-file /nowhere/list: cannot be read: No such file or "
			  "directory");
}

TEST(takes_the_longest_line)
{
	static char line[LINES_MAX];

	memset(line, ' ', sizeof(line));
	memcpy(line + LINES_MAX - 2 - 10, "198.18.0.1\n", 11);
	struct scratch f;
	struct err e = { "" };

	scratch_open(&f, line, LINES_MAX - 1);
	ck_assert_msg(targetlist_read(&list, f.path, &misread, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(list.n, 1);
	scratch_close(&f);
}

/* What happens to the file once it is read is nothing to the scan: all stays as it was said. */
TEST(file_that_changes_changes_nothing)
{
	struct err e = { "" };
	struct scratch f;

	scratch_open(&f, text, sizeof(text) - 1);
	ck_assert_msg(targetlist_read(&list, f.path, &misread, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(pwrite(f.fd, "198.18.0.9,81,evil.example", 26, 3), 26);
	check_text();
	ck_assert_int_eq(ftruncate(f.fd, 20), 0);
	check_text();
	scratch_close(&f);
	check_text();
}

/* A list that says nothing but targets needs no file; a second list adds to the first. */
TEST(keeps_what_is_said_beside)
{
	struct target_extra x;
	struct err e = { "" };
	struct scratch f;

	scratch_text(&f, "198.18.0.3\n198.18.0.4:80\n");
	ck_assert_int_eq(targetlist_read(&list, f.path, &misread, &e), 0);
	ck_assert_ptr_null(list.beside);
	ck_assert(!list.has_extra);
	targetlist_extra(&list, &list.v[1], &x);
	ck_assert_str_eq(x.domain, "");
	scratch_close(&f);
	scratch_text(&f, "ip,port,domain,verdict\n198.18.0.1,80,one.example,closed\n"
		     "198.18.0.2,80,,closed\n198.18.0.1,80,two.example,closed\n");
	ck_assert_msg(targetlist_read(&list, f.path, &misread, &e) == 0, "%s", e.msg);
	scratch_close(&f);
	ck_assert_uint_eq(list.n, 5);
	for (size_t i = 0; i < 5; i++) {
		static const char *const want[] = { "", "", "one.example", "", "two.example" };

		targetlist_extra(&list, &list.v[i], &x);
		ck_assert_str_eq(x.domain, want[i]);
		ck_assert_str_eq(x.info, "");
	}
}

TEST(reports_bare_addresses_and_other_protocols)
{
	struct err e = { "" };
	struct scratch f;
	char where[64];

	scratch_text(&f, "#masscan\nopen udp 53 198.18.0.1 1\n2001:2::1:80\n198.18.0.1\n"
		     "[2001:2::1]:80\n2001:2::1:80 # again\n# end\n");
	ck_assert_int_eq(targetlist_read(&list, f.path, &misread, &e), 0);
	ck_assert_uint_eq(misread.n, 2);
	ck_assert_str_eq(misread.word, "2001:2::1:80");
	snprintf(where, sizeof(where), "%s:3: ", f.path);
	ck_assert_str_eq(misread.where, where);
	ck_assert_uint_eq(list.n, 4);
	ck_assert_uint_eq(list.n_other, 1);
	scratch_close(&f);
}
