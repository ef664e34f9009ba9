#include <string.h>

#include "hostname.h"
#include "lines.h"
#include "listfield.h"
#include "pathspider.h"

#define DEPTH_MAX	16	/* of nested values */
#define DIGITS_MAX	18	/* of a number's part: fits 64 bits */

/* A piece of the line. */
struct piece {
	const char *s;
	size_t len;
};

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
		p++;
	return p;
}

/* The scan_ functions return what follows the thing at p, or NULL: not one of the simple kind. */

static const char *scan_string(const char *p, struct piece *out)
{
	if (*p != '"')
		return NULL;
	out->s = ++p;
	while (*p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
		p++;
	out->len = (size_t)(p - out->s);
	return *p == '"' ? p + 1 : NULL;
}

static const char *scan_digits(const char *p)
{
	size_t n = strspn(p, "0123456789");

	return n > 0 && n <= DIGITS_MAX ? p + n : NULL;
}

static const char *scan_number(const char *p)
{
	const char *digits;

	if (*p == '-')
		p++;
	digits = p;
	p = scan_digits(p);
	if (!p || (*digits == '0' && p > digits + 1))
		return NULL;
	return *p == '.' ? scan_digits(p + 1) : p;
}

static const char *scan_value(const char *p, unsigned int depth);

/* An array, or an object's members; p behind the opening bracket. */
static const char *scan_items(const char *p, char close, unsigned int depth)
{
	struct piece key;

	if (depth > DEPTH_MAX)
		return NULL;
	p = skip_blanks(p);
	if (*p == close)
		return p + 1;
	for (;;) {
		if (close == '}') {
			p = scan_string(p, &key);
			p = p ? skip_blanks(p) : NULL;
			if (!p || *p++ != ':')
				return NULL;
			p = skip_blanks(p);
		}
		p = scan_value(p, depth + 1);
		if (!p)
			return NULL;
		p = skip_blanks(p);
		if (*p == close)
			return p + 1;
		if (*p++ != ',')
			return NULL;
		p = skip_blanks(p);
	}
}

static const char *scan_value(const char *p, unsigned int depth)
{
	struct piece text;

	switch (*p) {
	case '"':
		return scan_string(p, &text);
	case '{':
		return scan_items(p + 1, '}', depth);
	case '[':
		return scan_items(p + 1, ']', depth);
	case 't':
		return strncmp(p, "true", 4) == 0 ? p + 4 : NULL;
	case 'f':
		return strncmp(p, "false", 5) == 0 ? p + 5 : NULL;
	case 'n':
		return strncmp(p, "null", 4) == 0 ? p + 4 : NULL;
	default:
		return scan_number(p);
	}
}

/* Copies a piece that fits. */
static bool copy_piece(char *out, size_t cap, struct piece piece)
{
	if (piece.len >= cap)
		return false;
	memcpy(out, piece.s, piece.len);
	out[piece.len] = '\0';
	return true;
}

static bool key_is(struct piece key, const char *name)
{
	return key.len == strlen(name) && memcmp(key.s, name, key.len) == 0;
}

struct record {
	struct listline line;
	bool has_ip, has_domain, has_info;
};

/* One member of the record, the value at p. Of a key that comes twice the last counts. */
static const char *scan_member(struct record *r, struct piece key, const char *p)
{
	char buf[HOSTNAME_LEN_MAX + 1];
	struct piece value = { .s = p };
	bool ok;

	if (key_is(key, "dp")) {
		p = scan_digits(p);
		value.len = p ? (size_t)(p - value.s) : 0;
		ok = p && value.s[0] != '0' && copy_piece(buf, sizeof(buf), value) &&
		     lines_port(buf, &r->line.port);
		return ok ? p : NULL;
	}
	if (key_is(key, "dip")) {
		p = scan_string(p, &value);
		r->has_ip = p && copy_piece(buf, ADDR_STRLEN, value) &&
			    addr_parse(&r->line.ip, buf) == 0;
		return r->has_ip ? p : NULL;
	}
	if (key_is(key, "domain")) {
		p = scan_string(p, &value);
		ok = p && copy_piece(buf, sizeof(buf), value) &&
		     listfield_check_domain(buf, NULL) == 0;
		r->has_domain = ok && value.len > 0;
		return ok ? p : NULL;
	}
	r->has_info = true;
	return scan_value(p, 0);
}

bool pathspider_scan(struct listline *out, const char *text)
{
	struct record r = { .has_ip = false };
	const char *p = text;
	struct piece key;

	do {
		p = scan_string(skip_blanks(p + 1), &key);
		p = p ? skip_blanks(p) : NULL;
		if (!p || *p != ':')
			return false;
		p = scan_member(&r, key, skip_blanks(p + 1));
		if (!p)
			return false;
		p = skip_blanks(p);
	} while (*p == ',');
	if (*p != '}' || !r.has_ip)
		return false;
	p = skip_blanks(p + 1);
	if ((*p && *p != '#') || (r.has_info && strlen(text) >= PATHSPIDER_INFO_FITS))
		return false;
	r.line.has_extra = r.has_domain || r.has_info;
	*out = r.line;
	return true;
}
