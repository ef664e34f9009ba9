/* filter: what expressions mean, over a row of a few fields, and what is refused. */
#include "filter.h"

#include <string.h>

#include "err.h"
#include "unit.h"

/* The row: n 5, none null, ip 192.0.2.7, word "accepted", when "2026-01-31T12:30", set {a, c}. */
static const struct {
	const char *name;
	enum filter_type type;
} fields[] = {
	{ "n", FILTER_NUMBER }, { "none", FILTER_NUMBER }, { "ip", FILTER_ADDR },
	{ "word", FILTER_TEXT }, { "when", FILTER_ORDERED }, { "set", FILTER_SET },
	{ "rows", FILTER_OPAQUE },
};

static int find(const void *arg, const char *name, enum filter_type *type)
{
	(void)arg;
	for (size_t i = 0; i < N_OF(fields); i++)
		if (strcmp(fields[i].name, name) == 0) {
			*type = fields[i].type;
			return (int)i;
		}
	return -1;
}

static int word(const void *arg, int field, const char *text)
{
	(void)arg;
	if (fields[field].type != FILTER_SET)
		return strcmp(text, "wrong") == 0 ? -1 : 0;
	return strlen(text) == 1 && text[0] >= 'a' && text[0] <= 'c' ? text[0] - 'a' : -1;
}

static void value(const void *row, int field, struct filter_value *v)
{
	(void)row;
	*v = (struct filter_value){
		.is_null = field == 1, .number = 5, .addr = addr_from_v4(0xc0000207),
		.text = fields[field].type == FILTER_TEXT ? "accepted" : "2026-01-31T12:30",
		.set = 1 | 4,
	};
}

static const struct filter_fields all = { find, word, NULL };

static const struct {
	const char *text;
	bool wanted;
} sound[] = {
	{ "n = 5", true }, { "n==5", true }, { "n != 5", false }, { "n<5", false },
	{ "n <= 5", true }, { "n > 4.5", true }, { "n >= -1", true }, { "n = true", false },
	{ "word = accepted", true }, { "word = 'accepted'", true }, { "word=\"accept\"", false },
	{ "word != ''", true },
	{ "ip = 192.0.2.7", true }, { "ip = 192.0.2.0/24", true }, { "ip != 192.0.2.0/29", false },
	{ "ip = 2001:db8::/32", false }, { "ip != 2001:db8::1", true },
	{ "when = 2026-01", true }, { "when > 2026-01-31T12", false },
	{ "when >= 2026-01-31T12", true }, { "when < 2027", true }, { "when > 2026-01-30", true },
	{ "set = a", true }, { "set = b", false }, { "set != b", true },
	{ "none = null", true }, { "none != null", false }, { "n = null", false },
	{ "n != null", true }, { "none = 5", false }, { "none != 5", true }, { "none < 5", false },
	{ "none >= 5", false },
	{ "! n = 4", true }, { "!!n = 5", true }, { "!(n = 5)", false },
	/* && binds more than ||, ! more than both. */
	{ "n = 5 || n = 4 && n = 3", true }, { "(n = 5 || n = 4) && n = 3", false },
	{ "! n = 5 || n = 5", true }, { "! n = 5 && n = 4", false },
	{ "n = 4 && n = 4 || n = 5", true }, { "\t( ( n=5 )\n&&set=c )", true },
};

TEST_EACH(matches, sound)
{
	struct filter *f = NULL;
	struct err e = { "" };

	ck_assert_msg(filter_parse(&f, row->text, &all, &e) == 0, "%s: %s", row->text, e.msg);
	ck_assert_msg(filter_matches(f, NULL, value) == row->wanted, "%s", row->text);
	filter_free(f);
}

static const struct {
	const char *text, *why;
} faulty[] = {
	{ "", "character 1: a field is missing" },
	{ "n", "a comparison (= != < <= > >=) is missing" }, { "n =", "a value is missing" },
	{ "n 5", "a comparison" }, { "m = 5", "no such field in these rows" },
	{ "n = 5 n = 4", "character 7: a && or || is missing" },
	{ "n = 5 &&", "a field is missing" }, { "&& n = 5", "a field is missing" },
	{ "(n = 5", "a bracket is not closed" }, { "n = 5)", "a && or || is missing" },
	{ "n = five", "the value is none" }, { "n = 5x", "the value is none" },
	{ "n = nan", "the value is none" },
	{ "n = 0x", "the value is none" },
	{ "ip = 192.0.2", "no address or prefix" }, { "ip = 192.0.2.1/24", "no address or prefix" },
	{ "ip < 192.0.2.1", "has no order" }, { "word < b", "has no order" },
	{ "set > a", "has no order" }, { "set = d", "none of the field's words" },
	{ "word = wrong", "none of the field's words" }, { "n < null", "null has no order" },
	{ "rows = 1", "cannot be compared" }, { "word = 'accepted", "a quote is not closed" },
	{ "n = 5 & n = 5", "a && or || is missing" },
};

TEST_EACH(refuses, faulty)
{
	struct filter *f = NULL;
	struct err e = { "" };

	ck_assert_int_lt(filter_parse(&f, row->text, &all, &e), 0);
	ck_assert_msg(strstr(e.msg, row->why) && strstr(e.msg, "--output-filter"), "%s: %s",
		      row->text, e.msg);
	ck_assert_ptr_null(f);
}

/* However deep and long it is. */
TEST(bounded)
{
	char text[4096] = "";
	struct filter *f = NULL;
	struct err e = { "" };

	memset(text, '(', 4000);
	ck_assert_int_lt(filter_parse(&f, text, &all, &e), 0);
	ck_assert_ptr_nonnull(strstr(e.msg, "too many brackets"));
	memset(text, '!', 4000);
	ck_assert_int_lt(filter_parse(&f, text, &all, &e), 0);
	memset(text, 0, sizeof(text));
	e.msg[0] = '\0';
	for (int i = 0; i < 200; i++)
		strcat(text, i ? "||n=5" : "n=5");
	ck_assert_int_lt(filter_parse(&f, text, &all, &e), 0);
	ck_assert_ptr_nonnull(strstr(e.msg, "too long"));
}
