/* A reader of CSV by RFC 4180, apart from the code under test: for the tests of what writes it. */
#ifndef CSV_READER_H
#define CSV_READER_H

#include <stddef.h>
#include <string.h>

#define CSV_FIELDS_MAX	64
#define CSV_FIELD_MAX	1024	/* longer fields are cut */

struct csv_record {
	char field[CSV_FIELDS_MAX][CSV_FIELD_MAX];
	size_t n;
};

static inline const char *csv_read_field(const char *p, const char *end, char *out)
{
	size_t n = 0;

	if (p < end && *p == '"') {
		for (p++;; p++) {
			if (p >= end)
				return NULL;
			if (*p == '"' && !(p + 1 < end && p[1] == '"'))
				break;
			p += *p == '"';
			if (n < CSV_FIELD_MAX - 1)
				out[n++] = *p;
		}
		p++;
	} else {
		for (; p < end && !strchr(",\r\n", *p); p++) {
			if (*p == '"')
				return NULL;
			if (n < CSV_FIELD_MAX - 1)
				out[n++] = *p;
		}
	}
	out[n] = '\0';
	return p;
}

/*
 * Reads the record (LF or CRLF ends it) at *p, before end, and steps over it. Returns the number of
 * fields; 0: the text ends within the record, or breaks the grammar.
 */
static inline size_t csv_read(struct csv_record *r, const char **p, const char *end)
{
	const char *at = *p;

	for (r->n = 0; r->n < CSV_FIELDS_MAX;) {
		at = csv_read_field(at, end, r->field[r->n++]);
		if (!at || at >= end)
			return 0;
		if (*at == ',') {
			at++;
			continue;
		}
		at += *at == '\r';
		if (at >= end || *at != '\n')
			return 0;
		*p = at + 1;
		return r->n;
	}
	return 0;
}

#endif
