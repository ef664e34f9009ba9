#include "confline.h"
#include "err.h"
#include "unit.h"

#include <errno.h>
#include <string.h>

/* Reads a line as this name and this value (NULL: none). */
static void reads(const char *line, const char *name, const char *value)
{
	char text[128];
	struct confline l;
	struct err e = { "" };

	ck_assert_uint_lt(strlen(line), sizeof(text));
	strcpy(text, line);
	ck_assert_msg(confline_parse(&l, text, &e) == 0, "%s: %s", line, e.msg);
	ck_assert_str_eq(l.name, name);
	ck_assert_pstr_eq(l.value, value);
}

static void refuses(const char *line, const char *why)
{
	char text[128];
	struct confline l;
	struct err e = { "" };

	strcpy(text, line);
	ck_assert_msg(confline_parse(&l, text, &e) == -EINVAL, "%s was taken", line);
	ck_assert_msg(strstr(e.msg, why), "%s: '%s' does not say '%s'", line, e.msg, why);
}

TEST(forms)
{
	reads("quiet", "quiet", NULL);
	reads("rate 5", "rate", "5");
	reads("rate\t5", "rate", "5");
	reads("rate=5", "rate", "5");
	reads("rate = 5", "rate", "5");
	reads("rate =5K", "rate", "5K");
	reads("notes = a text,  of words = 3", "notes", "a text,  of words = 3");
	reads("notes = it's \"so\"", "notes", "it's \"so\"");
	reads("notes = a\\b", "notes", "a\\b");
	reads("rate = 5  ", "rate", "5");
}

TEST(comments)
{
	reads("quiet # not a word", "quiet", NULL);
	reads("quiet\t#", "quiet", NULL);
	reads("rate = 5 # slow", "rate", "5");
	reads("rate 5\t#slow", "rate", "5");
	reads("notes = ticket#12", "notes", "ticket#12");
	reads("notes = \"a # b\" # c", "notes", "a # b");
	reads("notes =#1", "notes", "#1");
}

TEST(quotes)
{
	reads("notes = \"\"", "notes", "");
	reads("notes \" a \"", "notes", " a ");
	reads("notes = \"say \\\"a\\\\b\\\"\"", "notes", "say \"a\\b\"");
	reads("payload = \"text:GET /\\x0d\\x0A\\xfF\"", "payload", "text:GET /\r\n\xff");
}

TEST(refused)
{
	refuses("=5", "name");
	refuses("rate: 5", "name");
	refuses("rate#5", "name");
	refuses("\"rate\" 5", "name");
	refuses("rate =", "missing after the =");
	refuses("rate = # 5", "missing after the =");
	refuses("notes = \"a", "closing quote is missing");
	refuses("notes = \"a\\\"", "closing quote is missing");
	refuses("notes = \"a\"b", "follows the closing quote");
	refuses("notes = \"a\" b", "follows the closing quote");
	refuses("notes = \"a\"#b", "follows the closing quote");
	refuses("notes = \"a\\n\"", "a backslash begins");
	refuses("notes = \"a\\", "a backslash begins");
	refuses("notes = \"a\\x0", "two hexadecimal");
	refuses("notes = \"a\\x0g\"", "two hexadecimal");
	refuses("notes = \"a\\x00\"", "NUL");
}

static void writes(const char *value, const char *line)
{
	char out[2048];
	size_t len = confline_format("name", value, out, sizeof(out));

	ck_assert_uint_eq(len, strlen(out));
	ck_assert_str_eq(out, line);
	ck_assert_uint_eq(confline_format("name", value, NULL, 0), len);
}

/* Quotes where they are needed, and nowhere else. */
TEST(written)
{
	writes("5", "name = 5");
	writes("a \"b\" c#d \\e", "name = a \"b\" c#d \\e");
	writes("", "name = \"\"");
	writes(" a", "name = \" a\"");
	writes("a\t", "name = \"a\\x09\"");
	writes("#a", "name = \"#a\"");
	writes("a #b", "name = \"a #b\"");
	writes("\"a\"", "name = \"\\\"a\\\"\"");
	writes("a\n\\", "name = \"a\\x0a\\\\\"");
	writes("caf\xc3\xa9", "name = caf\xc3\xa9");
}

/* Every byte, wherever it stands, comes back. */
TEST(round_trip)
{
	for (int byte = 1; byte < 256; byte++)
		for (int where = 0; where < 4; where++) {
			char value[] = "a b", line[64];

			value[where % 3] = (char)byte;
			if (where == 3)
				value[1] = '\0';
			confline_format("name", value, line, sizeof(line));
			reads(line, "name", value);
		}
}
