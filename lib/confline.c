#include "confline.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "err.h"
#include "hex.h"
#include "text.h"

#define BLANKS	" \t"
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Reads what follows a backslash at *s, steps over it, and puts the byte to *out. */
static int read_escape(char **s, char *out, struct err *e)
{
	int high = **s == 'x' ? hex_digit((*s)[1]) : -1, low = high < 0 ? -1 : hex_digit((*s)[2]);

	if (**s == '"' || **s == '\\') {
		*out = *(*s)++;
		return 0;
	}
	if (low < 0)
		return err_set(e, EINVAL, "in quotes, a backslash begins \\\", \\\\ or \\xHH with "
			       "two hexadecimal digits");
	if (high == 0 && low == 0)
		return err_set(e, EINVAL, "a value cannot have a NUL byte (\\x00)");
	*out = (char)(high << 4 | low);
	*s += 3;
	return 0;
}

/* Reads the value after the quote that s begins with, in place. */
static int read_quoted(struct confline *l, char *s, struct err *e)
{
	char *out = s, *rest;

	l->value = s++;
	while (*s != '"') {
		int err = 0;

		if (!*s)
			return err_set(e, EINVAL, "the closing quote is missing");
		if (*s == '\\') {
			s++;
			err = read_escape(&s, out, e);
		} else {
			*out = *s++;
		}
		if (err)
			return err;
		out++;
	}
	s++;
	rest = s + strspn(s, BLANKS);
	if (*rest && (*rest != '#' || rest == s))
		return err_set(e, EINVAL, "something follows the closing quote");
	*out = '\0';
	return 0;
}

/* Reads the value at s, to a comment or the end, without the blanks before that. */
static void read_plain(struct confline *l, char *s)
{
	char *end = s;

	for (char *p = s; *p && !(*p == '#' && is_blank(p[-1])); p++)
		if (!is_blank(*p))
			end = p + 1;
	*end = '\0';
	l->value = s;
}

int confline_parse(struct confline *l, char *text, struct err *e)
{
	size_t len = strspn(text, NAME_CHARS);
	char *s = text + len;
	bool equals, comment;

	*l = (struct confline){ .name = text };
	if (!len || (*s && !is_blank(*s) && *s != '='))
		return err_set(e, EINVAL, "not an option's name, alone or followed by its value "
			       "(name = value)");
	s += strspn(s, BLANKS);
	equals = *s == '=';
	if (equals) {
		s++;
		s += strspn(s, BLANKS);
	}
	comment = *s == '#' && is_blank(s[-1]);
	text[len] = '\0';
	if (*s == '"')
		return read_quoted(l, s, e);
	if (*s && !comment)
		read_plain(l, s);
	else if (equals)
		return err_set(e, EINVAL, "the value is missing after the = (\"\" is an empty "
			       "one)");
	return 0;
}

static bool needs_quotes(const char *value)
{
	size_t len = strlen(value);

	if (!len || strchr("\"#=", value[0]) || is_blank(value[0]) || is_blank(value[len - 1]))
		return true;
	for (const char *s = value; *s; s++)
		if (is_control(*s) || (*s == '#' && is_blank(s[-1])))
			return true;
	return false;
}

size_t confline_format(const char *name, const char *value, char *out, size_t len)
{
	struct text t;

	text_init(&t, out, len);
	text_add(&t, "%s = ", name);
	if (!needs_quotes(value)) {
		text_add(&t, "%s", value);
		return t.len;
	}
	text_add(&t, "\"");
	for (const char *s = value; *s; s++)
		if (is_control(*s))
			text_add(&t, "\\x%02x", (unsigned char)*s);
		else
			text_add(&t, "%s%c", *s == '"' || *s == '\\' ? "\\" : "", *s);
	text_add(&t, "\"");
	return t.len;
}
