#include <string.h>

#include "opttab.h"
#include "unit.h"

static const struct opttab_row rows[] = {
	{ "flag", 'f', OPTTAB_FLAG, 0, 0, .group = "one", .help = "a flag", .man = "A flag." },
	{ "int", 0, OPTTAB_INT, 0, 0, .group = "one", .arg = "N", .man = "Number." },
	{ "u32", 0, OPTTAB_U32, 0, 0, .group = "one", .arg = "N", .help = "numbers",
	  .man = "Another.", .def = "7" },
	{ "u64", 'u', OPTTAB_U64, 0, 0, .group = "one", .arg = "N", .help = "more",
	  .man = "-u, --u64 and a well-known word: see --flag.\n.Not a request, isn't it? \\ "
		 "No. It isn't." },
	{ "rate", 'r', OPTTAB_RATE, 0, 0, .group = "two", .arg = "PPS",
	  .help = "forty-four columns, which is all of the room", .man = "Rate.", .def = "10K" },
};
#define NROWS N_OF(rows)

TEST(finds)
{
	ck_assert_uint_eq(opttab_find(rows, NROWS, "u32"), 2);
	ck_assert_uint_eq(opttab_find(rows, NROWS, "u3"), NROWS);
	ck_assert_uint_eq(opttab_find_letter(rows, NROWS, 'u'), 3);
	ck_assert_uint_eq(opttab_find_letter(rows, NROWS, 'z'), NROWS);
}

TEST(distances)
{
	ck_assert_uint_eq(opttab_distance("", ""), 0);
	ck_assert_uint_eq(opttab_distance("", "abc"), 3);
	ck_assert_uint_eq(opttab_distance("abc", ""), 3);
	ck_assert_uint_eq(opttab_distance("kitten", "sitting"), 3);
	ck_assert_uint_eq(opttab_distance("sitting", "kitten"), 3);
	ck_assert_uint_eq(opttab_distance("rate", "rtae"), 1);
	ck_assert_uint_eq(opttab_distance("ca", "abc"), 3);
	ck_assert_uint_eq(opttab_distance("rate", "rates"), 1);
}

TEST(nearest)
{
	ck_assert_str_eq(opttab_nearest(rows, NROWS, "flga"), "flag");
	ck_assert_str_eq(opttab_nearest(rows, NROWS, "rates"), "rate");
	ck_assert_ptr_null(opttab_nearest(rows, NROWS, "flxy"));	/* half of it is wrong */
	ck_assert_ptr_null(opttab_nearest(rows, NROWS, "something-else"));
	ck_assert_ptr_null(opttab_nearest(rows, NROWS, ""));
}

TEST(help_lines)
{
	char line[OPTTAB_LINE_LEN];

	ck_assert_uint_eq(opttab_help(rows, NROWS, true, line), 1);
	ck_assert_str_eq(line, "one      -f, --flag                 a flag");
	ck_assert_uint_eq(opttab_help(rows + 1, NROWS - 1, false, line), 2);
	ck_assert_str_eq(line, "         --int N, --u32 N           numbers (default 7)");
	/* No room for the default: left out whole. */
	ck_assert_uint_eq(opttab_help(rows + 4, NROWS - 4, true, line), 1);
	ck_assert_str_eq(line, "two      -r, --rate PPS             "
			       "forty-four columns, which is all of the room");
	ck_assert_uint_eq(strlen(line), 80);
}

TEST(roff)
{
	char out[512];
	size_t len;

	len = opttab_roff(&rows[3], out, sizeof(out));
	ck_assert_str_eq(out, ".TP\n\\fB\\-u\\fR, \\fB\\-\\-u64\\fR \\fIN\\fR\n"
			      "\\fB\\-u\\fR, \\fB\\-\\-u64\\fR and a well\\-known word: "
			      "see \\fB\\-\\-flag\\fR.\n"
			      "\\&.Not a request, isn\\(aqt it? \\e No.\nIt isn\\(aqt.\n");
	ck_assert_uint_eq(len, strlen(out));
	opttab_roff(&rows[4], out, sizeof(out));
	ck_assert_str_eq(out, ".TP\n\\fB\\-r\\fR, \\fB\\-\\-rate\\fR \\fIPPS\\fR\n"
			      "Rate.\nDefault: 10K.\n");
	opttab_roff(&rows[0], out, sizeof(out));
	ck_assert_str_eq(out, ".TP\n\\fB\\-f\\fR, \\fB\\-\\-flag\\fR\nA flag.\n");
}

static void sums_up(const char *man, const char *summary)
{
	const struct opttab_row row = { "x", 0, OPTTAB_FLAG, 0, 0, .man = man };
	char out[64];

	ck_assert_uint_eq(opttab_summary(&row, out, sizeof(out)), strlen(summary));
	ck_assert_str_eq(out, summary);
}

TEST(summaries)
{
	sums_up("All.", "All.");
	sums_up("Of 192.0.2.1: one. Another.", "Of 192.0.2.1: one.");
	sums_up("One. Two. Default: three. Four.", "One. Default: three.");
	sums_up("One. Two. Default: three.", "One. Default: three.");
}
