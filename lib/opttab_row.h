/* opttab_row: the row of an option in a table (opttab.h). */
#ifndef TFOMAP_OPTTAB_ROW_H
#define TFOMAP_OPTTAB_ROW_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How a value reads, and the types of the row's two members: `member`, and `also` in brackets.
 * A set flag is true once the option was given; it may be left out.
 */
enum opttab_type {
	OPTTAB_FLAG,		/* bool; no value, true or false */
	OPTTAB_INT,		/* int: digits */
	OPTTAB_U32,		/* uint32_t [bool set]: digits */
	OPTTAB_U64,		/* uint64_t [bool set]: digits, K M G for thousands of them */
	OPTTAB_AMOUNT,		/* uint64_t [double share]: digits, K M G; or a share of the whole
				 * in per cent, 0.5%: then 0 [0.005], else share is 0 */
	OPTTAB_RATE,		/* double: digits, a fraction, K M G; 0, or min..max */
	OPTTAB_SECONDS,		/* uint64_t, ns: digits and a fraction, in seconds */
	OPTTAB_WORD,		/* an enum: the place of the word in words */
	OPTTAB_WORDS,		/* uint32_t: a bit for the place of each word in words: by commas */
	OPTTAB_WORD_FILE,	/* const char *, the word [const char * file]: word or word:FILE */
	OPTTAB_STRING,		/* const char *; min: the least length */
	OPTTAB_PORTS,		/* uint16_t *, heap [uint32_t count]: 22,80-90 or *; sorted */
	OPTTAB_PORT_RANGE,	/* uint16_t first [uint16_t last]: 80 or 80-90 */
	OPTTAB_ADDRS,		/* struct addr[max] [size_t count]: hosts, by commas, once each */
	OPTTAB_MAC,		/* uint8_t[6] [bool set]: one neighbour's address */
	OPTTAB_HEX,		/* uint8_t[max] [bool set]: exactly 2 * max digits */
	OPTTAB_PAYLOAD,		/* struct payload [const char * as given: file:NAME only there] */
	OPTTAB_TYPES
};

struct opttab_word {
	const char *word;	/* NULL ends the list */
	bool file;		/* OPTTAB_WORD_FILE: `:FILE` must follow, else it must not */
};

struct opttab_row {
	const char *name;		/* long name, without dashes */
	char letter;			/* 0: none */
	enum opttab_type type;
	size_t member, also;		/* offsets into the caller's struct; 0: none */
	double min, max;		/* of a number as it is typed; max 0: the type's */
	const struct opttab_word *words;
	const char *def;		/* the default, as it would be typed; NULL: no fixed one */
	const char *group;
	const char *arg;		/* what --help calls the value; NULL for flags. FILE, IFACE,
					 * USER, FIELDS and VERDICTS say to a shell what to offer */
	const char *help;		/* for --help, 44 columns; NULL: on the next row's line */
	bool may_change;		/* what comes of a run is the same with any value */
	const char *man;		/* for the manual: plain text, options as --name */
};

#endif
