#include "rowfile/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "err.h"
#include "rowfile/input.h"
#include "scratch.h"
#include "unit.h"

#define HEADER	"ip,port,verdict,extra\n"

/* What came of a text: each row's address, verdict and line, and the names of a header. */
static char seen[4096];
static struct reader_found found;
static struct err e;

static void add(const struct cell *c)
{
	size_t len = strlen(seen);

	snprintf(seen + len, sizeof(seen) - len, "%.*s|", c->p ? (int)c->len : 4,
		 c->p ? c->p : "null");
}

static int take_row(void *arg, const struct reader_row *row, struct err *err)
{
	char line[16];
	struct cell number = { line, 0 };

	(void)arg;
	(void)err;
	number.len = (size_t)snprintf(line, sizeof(line), "%lu", row->line);
	add(&row->cells[COLUMN_ip]);
	add(&row->cells[COLUMN_verdict]);
	add(&row->cells[COLUMN_signals]);
	add(&number);
	return 0;
}

static int read_bytes(const void *bytes, size_t len)
{
	const struct reader_ops ops = { .row = take_row };
	struct scratch file;
	struct input *in = NULL;
	int err;

	seen[0] = '\0';
	e.msg[0] = '\0';
	scratch_open(&file, bytes, len);
	err = input_open(&in, file.path, &e);
	if (!err)
		err = reader_read(in, &ops, &found, &e);
	input_close(in);
	scratch_close(&file);
	return err;
}

#define OBJECT "{\"ip\":\"198.18.0.1\",\"port\":80,\"verdict\":\"closed\"}\n"

static const struct {
	const char *text, *seen;
} good[] = {
	{ "", "" },
	{ HEADER, "" },
	{ HEADER "198.18.0.1,80,closed,x\n", "198.18.0.1|closed|null|2|" },
	{ "\xef\xbb\xbf" HEADER "198.18.0.1,80,,x\r\n", "198.18.0.1|null|null|2|" },
	{ "extra,verdict,ip\n\"a\n,\"\"b\",closed,::1\n,,\n",
	  "::1|closed|null|3|null|null|null|4|" },
	{ "signals,ip\na;b,::1\n", "::1|null|a;b|2|" },
	{ OBJECT "{\"ip\":null}\n", "198.18.0.1|closed|null|1|null|null|null|2|" },
	{ "{\"signals\":[\"a\",\"b\"],\"flows\":[{\"ip\":\"::2\"}],\"info\":{\"ip\":5}}\n",
	  "null|null|a;b|1|" },
	{ "{\"signals\":[],\"ip\":\"\\u003a:1\"}\n", "::1|null||1|" },
	{ "{\"signals\":[\"\",\"b\"]}\n", "null|null|b|1|" },
	{ " {}\n", "null|null|null|1|" },
	{ "\xef\xbb\xbf" OBJECT, "198.18.0.1|closed|null|1|" },
	{ "\xef\xbb\xbf\"ip\",verdict\n::1,closed\n", "::1|closed|null|2|" },
};

TEST_EACH(takes, good)
{
	ck_assert_msg(read_bytes(row->text, strlen(row->text)) == 0, "%s", e.msg);
	ck_assert_str_eq(seen, row->seen);
}

static const struct {
	const char *text, *says;
} bad[] = {
	{ "a,b\n1,2\n", ":1: no header" },
	{ "198.18.0.1,80,closed\n", ":1: no header" },
	{ "ip,ip\n", "the column 'ip' is there twice" },
	{ HEADER "198.18.0.1,80\n", ":2: 2 fields, the header has 4" },
	{ HEADER "198.18.0.1,80,closed,x", ":2: the last line has no end" },
	{ HEADER "198.18.0.1,80,clo\"sed,x\n", ":2: a quote where none may be" },
	{ HEADER "::1,80,\"closed,x\n", "quote" },
	{ OBJECT "{\"ip\":\n", ":2: no row" },
	{ OBJECT "\n", ":2: no row" },
	{ OBJECT "[]\n", ":2: no row" },
	{ OBJECT "5\n", ":2: no row" },
	{ OBJECT "{}{}\n", ":2: no row" },
	{ OBJECT "{\"ip\":\"\n", ":2: no row" },
	{ OBJECT "{\"ip\":1,\"ip\":2}\n", ":2: a key is there twice" },
	{ OBJECT "{}", ":2: the last line has no end" },
	{ OBJECT HEADER, ":2: no row" },
	{ "ip,x,x\n", ":1: the column 'x' is there twice" },
	{ "ip,,\n", ":1: the column '' is there twice" },
	{ "[{\"ip\":\"::1\"}]", "a JSON array" },
	{ "\n [\n{\"ip\":\"::1\"}\n]\n", "a JSON array" },
	{ OBJECT "{\"verdict\":{\"a\":1},\"ip\":\"::1\"}\n", ":2: the value of verdict" },
	{ OBJECT "{\"ip\":[\"::1\"]}\n", ":2: the value of ip is an object or a list" },
	{ OBJECT "{\"signals\":[\"a\",[\"b\"]]}\n", ":2: the value of signals" },
	{ OBJECT "{\"signals\":[{\"a\":1}]}\n", ":2: the value of signals" },
};

TEST_EACH(refuses, bad)
{
	ck_assert_int_eq(read_bytes(row->text, strlen(row->text)), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, row->says));
}

TEST(rows_of_answers_are_known)
{
	ck_assert_int_eq(read_bytes("ip,port,attempt\n", 16), 0);
	ck_assert(found.replies && found.is_csv);
	ck_assert_int_eq(read_bytes(OBJECT, strlen(OBJECT)), 0);
	ck_assert(!found.replies && found.is_ndjson);
	ck_assert_uint_eq(found.columns, 1ull << COLUMN_ip | 1ull << COLUMN_port
			  | 1ull << COLUMN_verdict);
}

TEST(too_many_columns)
{
	char text[2 * READER_FIELDS_MAX + 16] = "";

	for (size_t i = 0; i < READER_FIELDS_MAX + 2; i++)
		memcpy(text + 2 * i, "a,", 2);
	text[2 * READER_FIELDS_MAX + 3] = '\n';
	ck_assert_int_eq(read_bytes(text, strlen(text)), -EFBIG);
	ck_assert_ptr_nonnull(strstr(e.msg, ":1: more than"));
}

TEST(a_field_without_end_is_refused)
{
	size_t len = 3 * READER_ROW_MAX;
	char *text = malloc(len);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', len);
	memcpy(text, "ip\n\"", 4);
	ck_assert_int_eq(read_bytes(text, len), -EFBIG);
	memcpy(text, "{\"a\":", 5);
	ck_assert_int_eq(read_bytes(text, len), -EFBIG);
	free(text);
}

/* ---- packed ---- */

static uint8_t packed[8192];

static size_t gzip(const char *text, uint8_t *out, size_t cap)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)text, .avail_in = (unsigned int)strlen(text),
		       .next_out = out, .avail_out = (unsigned int)cap };

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return cap - z.avail_out;
}

static size_t zstd(const char *text, uint8_t *out, size_t cap)
{
	size_t n = ZSTD_compress(out, cap, text, strlen(text), 3);

	ck_assert(!ZSTD_isError(n));
	return n;
}

static const struct {
	size_t (*pack)(const char *text, uint8_t *out, size_t cap);
} packers[] = { { gzip }, { zstd } };

TEST_EACH(packed_by_any_and_in_pieces, packers)
{
	size_t n = row->pack(HEADER, packed, sizeof(packed));

	n += row->pack("::1,80,closed,\n", packed + n, sizeof(packed) - n);
	ck_assert_msg(read_bytes(packed, n) == 0, "%s", e.msg);
	ck_assert_str_eq(seen, "::1|closed|null|2|");
}

TEST_EACH(packed_and_cut_off, packers)
{
	size_t n = row->pack(HEADER "::1,80,closed,\n", packed, sizeof(packed));

	for (size_t len = 5; len < n; len++) {
		ck_assert_int_eq(read_bytes(packed, len), -EINVAL);
		ck_assert_ptr_nonnull(strstr(e.msg, "it ends too early"));
	}
	packed[n - 7] ^= 0xff;
	packed[6] ^= 0xff;
	ck_assert_int_eq(read_bytes(packed, n), -EINVAL);
}

TEST(a_file_that_is_not_there)
{
	struct input *in;

	e.msg[0] = '\0';
	ck_assert_int_eq(input_open(&in, "/nonexistent/rows", &e), -ENOENT);
	ck_assert_ptr_null(in);
	ck_assert_str_eq(e.msg, "/nonexistent/rows: No such file or directory");
}
