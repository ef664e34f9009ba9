/*
 * result_fields: the table of all output fields (name, type, place, doc), from which CSV, ndjson,
 * --list-output-fields and the manual come, and the selection of those of a run. Any thread.
 */
#ifndef TFOMAP_RESULT_FIELDS_H
#define TFOMAP_RESULT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/formats.h"

struct err;
struct result;

/* The types of fields. Of every type, a member of all zero bytes is null. */
enum result_type {
	RESULT_ADDR,		/* struct addr */
	RESULT_NUMBER,		/* struct result_number */
	RESULT_BOOL,		/* struct result_number, 0 or 1 */
	RESULT_MS,		/* struct result_number in ns; shown in ms, 3 decimals */
	RESULT_TIME,		/* uint64_t, Unix time in ns; shown as RFC 3339 */
	RESULT_TEXT,		/* const char *, any bytes */
	RESULT_HEX,		/* struct result_bytes */
	RESULT_OPTIONS,		/* const struct tcpopts *; shown as the kinds in order */
	RESULT_CONDITIONS,	/* const struct evidence *, of which they are drawn when they are
				 * shown; an empty set is no null */
	RESULT_SIGNALS,		/* likewise */
	RESULT_FLOWS,		/* const struct evidence *; ndjson: a reply row for each flow */
	RESULT_PATH,		/* const struct locate *; ndjson: an object for each hop that
				 * answered */
	RESULT_JSON,		/* const char *, the text of a JSON object; ndjson */
};

struct result_type_row {
	const char *name;		/* for people */
	bool plain;			/* a text of ASCII without quotes, commas and line ends */
};

extern const struct result_type_row result_types[];

struct result_field {
	const char *name;
	enum result_type type;
	uint8_t rows;			/* bits 1 << enum config_rows: the kinds of row it is in */
	uint16_t offset;		/* of the member in struct result */
	const char *doc;		/* one line, plain text */
};

/*
 * In the order of the columns. A name may be there twice (`reply` has another place in either kind
 * of row), but once for each kind of row.
 */
extern const struct result_field result_fields[];
extern const size_t result_nfields;

static inline const void *result_member(const struct result *r, const struct result_field *f)
{
	return (const char *)r + f->offset;
}

/* True for fields that only a format can show that nests (config/formats.def). */
static inline bool result_is_nested(const struct result_field *f)
{
	return f->type == RESULT_FLOWS || f->type == RESULT_PATH || f->type == RESULT_JSON;
}

/* True where the row has nothing to say there. */
bool result_is_null(const struct result *r, const struct result_field *f);

/* The set of a field of RESULT_CONDITIONS or RESULT_SIGNALS that is not null, as bits. */
uint32_t result_set(const struct result *r, const struct result_field *f);

/* The word of a bit of RESULT_CONDITIONS or RESULT_SIGNALS; NULL from the first unused bit on. */
const char *result_word(enum result_type type, unsigned int bit);

/* Fields selected for a run, in output order. */
struct result_selection {
	uint16_t *v;		/* heap, owned: places in result_fields */
	size_t n;
};

/*
 * Resolves a comma-separated list of names. NULL or "*": all of that kind of row that the format
 * can show. 0; -EINVAL with a message that names the field, the reason (unknown: and the nearest
 * known one; of the other kind of row; not in that format; named twice); -ENOMEM.
 */
int result_select(struct result_selection *sel, const char *list, enum config_rows rows,
		  enum config_format format, struct err *e);
void result_selection_free(struct result_selection *sel);

/* --list-output-fields (name, type, which rows, doc), and the same for the manual (roff, .TP). */
void result_list(FILE *out);
void result_roff(FILE *out);

#endif
