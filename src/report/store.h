/*
 * store: the database that rows are counted in: SQLite, in a temporary file that nobody sees, or in
 * one that is left. Its tables are the manual's section DATABASE. One thread.
 */
#ifndef TFOMAP_STORE_H
#define TFOMAP_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "rowfile/reader.h"

struct err;
struct sqlite3;
struct sqlite3_stmt;
struct store;

/* Which rows: those that the report is about, or those that they are compared with. */
enum side { SIDE_THIS, SIDE_OTHER };

/*
 * An empty one. kept: for store_save(); then all columns are filled in. In a temporary file either
 * way, which is gone however the process ends. 0, or -errno with a message. *st: heap, for
 * store_close().
 */
int store_open(struct store **st, bool kept, struct err *e);

/* Another file of rows: those that follow are its. metadata: a JSON text, or NULL. */
int store_add_run(struct store *st, enum side side, const char *file, const char *metadata,
		  struct err *e);

/* A row; name: of its file, for a message about a value that is none. 0, or -errno. */
int store_add_row(struct store *st, const char *name, const struct reader_row *row, struct err *e);

/* The run's rows are all there. found: the columns it had. */
int store_end_run(struct store *st, const struct reader_found *found, uint64_t *n_rows,
		  struct err *e);

/* All are there: makes the index, and writes what is to be left. */
int store_end(struct store *st, struct err *e);

/*
 * A statement, ready for its first step, for store_done(). NULL: with a message. One that reads all
 * rows of a side says +side: in the index's order SQLite would go to and fro in the table.
 */
struct sqlite3_stmt *store_query(struct store *st, struct err *e, const char *sql);

/* The next row of a statement; NULL has none. 1; 0: no more; -errno with a message. */
int store_step(struct store *st, struct sqlite3_stmt *q, struct err *e);

/* Frees a statement, which may be NULL. */
void store_done(struct sqlite3_stmt *q);

/* The text of a result's column; "" for null. Good until the next step. */
const char *store_text(struct sqlite3_stmt *q, int column);

/* The first result of a statement that has one number; 0 where it has none. -errno. */
int store_number(struct store *st, const char *sql, int64_t *out, struct err *e);

/*
 * Nothing is asked or added any more: closes the database, which is kept, and writes it to an empty
 * file. 0, or -errno with a message.
 */
int store_save(struct store *st, int fd, struct err *e);

/* Frees it, which may be NULL. 0, or -errno with a message. */
int store_close(struct store *st, struct err *e);

/*
 * Whether the file of that name, which is a regular one or is not there, may be replaced by a
 * database: it is one of this program's, or empty. 0, or -EINVAL with a message.
 */
int store_check_file(const char *path, struct err *e);

/* The schema, for the manual (roff, .TP). */
void store_roff(FILE *out);

#endif
