/*
 * runs: the files of rows that a report is made of, what the metadata of each say, whether they
 * belong together, and the metadata of their union. One thread.
 */
#ifndef TFOMAP_RUNS_H
#define TFOMAP_RUNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct grid;
struct store;

struct run {
	const char *file;	/* as it was given */
	char *metadata_file;	/* heap; NULL: none was found */
	json_t *metadata;	/* owned; NULL: there are none */
	uint64_t n_rows;	/* these two are known when they were read: */
	uint64_t columns;	/* which its rows have, as bits of enum column; all of no rows */
};

/* How runs are to fit: what one scan's shards have in common, or rounds of the same targets. */
enum runs_fit { RUNS_SHARDS, RUNS_ROUNDS };

struct runs_rules {
	enum runs_fit fit;
	bool unsound, partial;	/* --allow-unsound, --allow-partial */
	const char *one_scan, *add;	/* what to try: not of one scan; a shard is missing */
	struct grid *warned;	/* what is warned of is noted here, too; may be NULL */
};

/*
 * Reads the metadata of r->file: from path, or where that is NULL from a file beside it: FILE, or
 * FILE without its endings (.csv, .ndjson, .gz, ...), with .meta.json, or without them with .json.
 * 0, also where there is none; or -errno with a message.
 */
int run_load(struct run *r, const char *path, struct err *e);
void run_free(struct run *r);

/*
 * Whether the n runs belong together; what cannot be known, or was allowed, is warned of. 0, or
 * -EINVAL with a message that says which two, why, and what to try.
 */
int runs_check(const struct run *v, size_t n, const struct runs_rules *rules, struct err *e);

/*
 * Likewise of their rows, all in the store: as many as the metadata say, no target twice, and of
 * one label. n_others: how many of the n, at the end, are those of SIDE_OTHER, to be compared.
 */
int runs_check_rows(const struct run *v, size_t n, size_t n_others, const struct runs_rules *rules,
		    struct store *st, struct err *e);

/*
 * Warns of what makes two scans differ that are compared: their plan, their targets, what was
 * blocked.
 */
void runs_compare(const struct run *a, const struct run *b, struct grid *warned);

/* Logs a warning, and notes it; warned may be NULL. */
void runs_warn(struct grid *warned, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The metadata of the n runs as one: counters, verdicts and targets added, the earliest start and
 * the latest end, sound if all are; `merged` has a part of each. A new reference. NULL: no memory,
 * or some run has none.
 */
json_t *runs_sum(const struct run *v, size_t n);

/*
 * Whether all that metadata count are whole numbers, not negative, and *total, of several, can hold
 * them. 0, or -EINVAL with a message.
 */
int runs_check_counts(const struct run *r, uint64_t *total, struct err *e);

/* A number of the metadata at a path of two keys; 0: there is none. */
uint64_t run_number(const struct run *r, const char *outer, const char *inner);

/* The text at a path of two keys, or of one (inner NULL), or of a number there; "": none. */
const char *run_text(const struct run *r, const char *outer, const char *inner);

/* Which shards a run has, as a list of numbers: a new reference, or NULL. */
json_t *run_shards(const struct run *r);

#endif
