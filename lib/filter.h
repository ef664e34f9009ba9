/*
 * filter: which rows are wanted, as an expression over their fields, in zmap's syntax:
 *
 *	verdict = accepted && (rtt_ms > 100 || ! ip = 192.0.2.0/24)
 *
 * `!` binds most, then `&&`, then `||`. A comparison is a field, one of = == != < <= > >=, and a
 * value: a word, or a text in quotes. A field that is null is equal to the word null alone, and
 * neither less nor greater than anything. What fields there are, and their values, is the
 * caller's.
 */
#ifndef TFOMAP_FILTER_H
#define TFOMAP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

struct err;
struct filter;

enum filter_type {
	FILTER_NUMBER,
	FILTER_ADDR,		/* = and != alone; the value is an address, or a prefix of many */
	FILTER_TEXT,		/* = and != by all its bytes */
	FILTER_ORDERED,		/* a text that sorts, of which the value may be the beginning */
	FILTER_SET,		/* of words: = means that it has the word */
	FILTER_OPAQUE,		/* cannot be compared */
};

#define FILTER_TEXT_MAX 255	/* bytes of a value */

/* A field's value in one row. */
struct filter_value {
	bool is_null;
	double number;
	struct addr addr;
	const char *text;	/* ended by a NUL; it may be in */
	char own[FILTER_TEXT_MAX + 1];
	uint32_t set;		/* bits */
};

struct filter_fields {
	/* The number of the field of that name, and its type; -1: there is none. */
	int (*find)(const void *arg, const char *name, enum filter_type *type);
	/*
	 * A word that the field can have: its bit, of a set. -1: none. NULL: any word will do for a
	 * text.
	 */
	int (*word)(const void *arg, int field, const char *word);
	const void *arg;
};

/*
 * Parses text; fields is needed no longer than that. 0, or -EINVAL with what is wrong and where,
 * or -ENOMEM.
 */
int filter_parse(struct filter **out, const char *text, const struct filter_fields *fields,
		 struct err *e);
void filter_free(struct filter *f);

/* Whether a row is wanted: value() fills in a field's value of row. */
bool filter_matches(const struct filter *f, const void *row,
		    void (*value)(const void *row, int field, struct filter_value *v));

#endif
