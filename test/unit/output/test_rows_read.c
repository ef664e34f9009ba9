#include "output/rows_read.h"

#include <errno.h>
#include <string.h>

#include "err.h"
#include "output/result_fields.h"
#include "scratch.h"
#include "unit.h"

#define FIELDS	"ip,domain,port,verdict"
#define HEADER	FIELDS "\n"
#define ROW_1	"198.18.0.1,\"a,b\"\"\",80,accepted\n"
#define ROW_2	"2001:2::9,,65535,no-cookie\n"
#define TORN	"198.18.0.3,,8"

static struct result_selection fields;
static struct rows_row rows[4];
static unsigned int n;
static struct err e;

static int keep(void *arg, const struct rows_row *row, struct err *err)
{
	(void)arg;
	(void)err;
	ck_assert_uint_lt(n, sizeof(rows) / sizeof(*rows));
	rows[n++] = *row;
	return 0;
}

static int read_text(const char *text, size_t len, enum config_format format, bool header,
		     uint64_t from, uint64_t sound_len, uint64_t *end)
{
	const struct rows_form form = { format, &fields, header };
	struct scratch file;
	int rc;

	scratch_text(&file, "");
	ck_assert_int_eq(pwrite(file.fd, text, len, 0), (ssize_t)len);
	n = 0;
	memset(&e, 0, sizeof(e));
	rc = rows_read(file.path, &form, from, sound_len, keep, NULL, end, &e);
	scratch_close(&file);
	return rc;
}

static void begin(void)
{
	ck_assert_int_eq(result_select(&fields, FIELDS, ROWS_TARGET, FORMAT_csv, &e), 0);
}

static void end(void)
{
	result_selection_free(&fields);
}

static void check_both(void)
{
	char text[ADDR_STRLEN];

	ck_assert_uint_eq(n, 2);
	addr_format(rows[0].ip, text);
	ck_assert_str_eq(text, "198.18.0.1");
	ck_assert_uint_eq(rows[0].port, 80);
	ck_assert_uint_eq(rows[0].verdict, VERDICT_ACCEPTED);
	addr_format(rows[1].ip, text);
	ck_assert_str_eq(text, "2001:2::9");
	ck_assert_uint_eq(rows[1].port, 65535);
	ck_assert_uint_eq(rows[1].verdict, VERDICT_NO_COOKIE);
}

#define TEXT(s)		s, sizeof(s) - 1

TEST_AROUND(begin, end)

TEST(csv_with_and_without_header)
{
	uint64_t at;

	ck_assert_msg(read_text(TEXT(HEADER ROW_1 ROW_2), FORMAT_csv, true, 0, 0, &at) == 0, "%s",
		      e.msg);
	check_both();
	ck_assert_uint_eq(rows[1].at, strlen(HEADER ROW_1));
	ck_assert_uint_eq(at, strlen(HEADER ROW_1 ROW_2));
	ck_assert_int_eq(read_text(TEXT(ROW_1 ROW_2), FORMAT_csv, false, 0, 0, &at), 0);
	check_both();
}

TEST(from_the_middle)
{
	uint64_t at;

	ck_assert_int_eq(read_text(TEXT(HEADER ROW_1 ROW_2), FORMAT_csv, true,
				   strlen(HEADER ROW_1), strlen(HEADER ROW_1 ROW_2), &at), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(rows[0].port, 65535);
}

TEST(ndjson)
{
	static const char text[] =
		"{\"ip\":\"198.18.0.1\",\"port\":80,\"verdict\":\"accepted\"}\n"
		"{\"ip\":\"2001:2::9\",\"port\":65535,\"verdict\":\"no-cookie\"}\n"
		"{\"ip\":";
	uint64_t at;

	/* Whether a header was asked for is all the same: it has none. */
	for (int header = 0; header < 2; header++) {
		ck_assert_int_eq(read_text(TEXT(text), FORMAT_ndjson, header, 0, 0, &at), 0);
		check_both();
	}
}

/* What a run that ended at once may leave behind the rows. */
static const struct {
	const char *text;
	size_t len;
} torn[] = {
	{ TEXT(TORN) }, { TEXT("\n") }, { TEXT("\0\0\0\0\n") },
	{ TEXT("198.18.0.3,,0,accepted\n") },
	{ TEXT("198.18.0.3,\"x,80,accepted\n") }, { TEXT("198.18.0.3,,80\n") },
	{ TEXT("198.18.0.3,,80,accepted,\n") }, { TEXT("x,,80,accepted\n") },
};

TEST_EACH(what_is_no_row_ends_the_file, torn)
{
	char text[256] = HEADER ROW_1 ROW_2;
	size_t len = strlen(text);
	uint64_t at;

	memcpy(text + len, row->text, row->len);
	ck_assert_msg(read_text(text, len + row->len, FORMAT_csv, true, 0, len, &at) == 0, "%s",
		      e.msg);
	check_both();
	ck_assert_uint_eq(at, len);
	/* Where a checkpoint counts on it, be it on its first byte, it is a fault. */
	for (size_t more = 1; more <= row->len; more++)
		ck_assert_int_eq(read_text(text, len + row->len, FORMAT_csv, true, 0, len + more,
					   &at), -EINVAL);
}

TEST(a_file_that_is_too_short)
{
	uint64_t at;

	ck_assert_int_eq(read_text(TEXT(HEADER ROW_1), FORMAT_csv, true, 0,
				   strlen(HEADER ROW_1) + 1, &at), -EINVAL);
	ck_assert_msg(strstr(e.msg, "missing"), "%s", e.msg);
	ck_assert_int_eq(read_text(TEXT(HEADER), FORMAT_csv, true, 100, 200, &at), -EINVAL);
}

TEST(fields_that_name_no_target)
{
	struct result_selection some;

	ck_assert_int_eq(rows_check(&fields, &e), 0);
	ck_assert_int_eq(result_select(&some, "ip,verdict", ROWS_TARGET, FORMAT_csv, &e), 0);
	ck_assert_int_eq(rows_check(&some, &e), -EINVAL);
	result_selection_free(&some);
}
