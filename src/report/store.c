#include "report/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "addr.h"
#include "bytes.h"
#include "digits.h"
#include "err.h"
#include "opttab.h"
#include "report/store_functions.h"
#include "text.h"

enum kind { KIND_INTEGER, KIND_TEXT, KIND_WORD, KIND_ADDR, KIND_BOOL, KIND_MS };

static const struct {
	const char *name;
	enum kind kind;
	bool kept;
	const char *doc;
} columns[COLUMNS] = {
#define COLUMN(name, kind, kept, doc) { #name, KIND_##kind, kept, doc },
#include "rowfile/columns.def"
};

static const char *const types[] = {
	[KIND_INTEGER] = "INTEGER", [KIND_TEXT] = "TEXT", [KIND_WORD] = "TEXT",
	[KIND_ADDR] = "TEXT", [KIND_BOOL] = "INTEGER", [KIND_MS] = "REAL",
};

#define WORD_LEN	40		/* bytes of the longest */
#define SQL_LEN		4096
#define APPLICATION_ID	0x54464f52	/* in the header of our databases */
#define BIND_FIRST	3		/* the parameters of run and side come first */

struct store {
	sqlite3 *db;
	sqlite3_stmt *insert;
	int fd;				/* of the file, where it is to be kept; else -1 */
	int64_t run;
	enum side side;
	uint64_t n_rows;		/* of the run */
	char addrs[COLUMNS][ADDR_STRLEN];	/* a row's, in canonical form */
};

static int fails(struct store *st, const char *what, struct err *e)
{
	bool full = sqlite3_errcode(st->db) == SQLITE_FULL;

	return err_set(e, full ? ENOSPC : EIO, "cannot %s: %s%s", what, sqlite3_errmsg(st->db),
		       full ? "; SQLITE_TMPDIR names a folder with more room" : "");
}

static int run_sql(struct store *st, const char *sql, struct err *e)
{
	return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK
	       ? 0 : fails(st, "work with the database", e);
}

/* Names of all columns, or as many question marks, each after a comma. */
static void add_columns(struct text *t, bool marks, bool with_types)
{
	for (unsigned int c = 0; c < COLUMNS; c++)
		text_add(t, ", %s%s%s", marks ? "?" : columns[c].name, with_types ? " " : "",
			 with_types ? types[columns[c].kind] : "");
}

/*
 * Nothing has to outlive a crash, so nothing is journalled; 48 MB of pages are kept, the rest goes
 * to the file.
 */
static int make_tables(struct store *st, struct err *e)
{
	char sql[SQL_LEN];
	struct text t;
	int err;

	text_init(&t, sql, sizeof(sql));
	text_add(&t, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
		 "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -48000;"
		 "PRAGMA temp_store = FILE; PRAGMA threads = 1; PRAGMA application_id = %d; BEGIN;"
		 "CREATE TABLE runs (run INTEGER PRIMARY KEY, side INTEGER, file TEXT,"
		 " rows INTEGER, columns TEXT, metadata TEXT);"
		 "CREATE TABLE rows (run INTEGER, side INTEGER", APPLICATION_ID);
	add_columns(&t, false, true);
	text_add(&t, ");");
	err = run_sql(st, sql, e);
	if (err)
		return err;
	text_init(&t, sql, sizeof(sql));
	text_add(&t, "INSERT INTO rows (run, side");
	add_columns(&t, false, false);
	text_add(&t, ") VALUES (?, ?");
	add_columns(&t, true, false);
	text_add(&t, ")");
	if (sqlite3_prepare_v2(st->db, sql, -1, &st->insert, NULL) != SQLITE_OK)
		return fails(st, "work with the database", e);
	return 0;
}

/* A file of SQLite's own is gone when it is closed; this one's name, at once. */
static int make_file(struct store *st, char *path, size_t size)
{
	const char *folders[] = { getenv("SQLITE_TMPDIR"), getenv("TMPDIR"), "/var/tmp", "/tmp" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && st->fd < 0; i++)
		if (folders[i] && (size_t)snprintf(path, size, "%s/tfomap-report.XXXXXX",
						   folders[i]) < size)
			st->fd = mkostemp(path, O_CLOEXEC);
	return st->fd < 0 ? -errno : 0;
}

static int open_database(struct store *st, bool kept, struct err *e)
{
	sigset_t all, before;
	char path[4096] = "";
	int rc;

	/* An interrupt must not come before the name is gone. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	rc = kept ? make_file(st, path, sizeof(path)) : 0;
	if (!rc)
		rc = sqlite3_open_v2(path, &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
				     | SQLITE_OPEN_NOMUTEX, NULL);
	if (kept && st->fd >= 0)
		unlink(path);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (rc < 0)
		return err_set(e, -rc, "cannot make a temporary database: %s; SQLITE_TMPDIR names "
			       "its folder", strerror(-rc));
	return rc == SQLITE_OK ? 0 : fails(st, "make a temporary database", e);
}

int store_open(struct store **out, bool kept, struct err *e)
{
	struct store *st = calloc(1, sizeof(*st));
	int err;

	*out = NULL;
	if (!st)
		return err_set(e, ENOMEM, "no memory for the database");
	st->fd = -1;
	err = open_database(st, kept, e);
	if (!err && store_add_functions(st->db))
		err = fails(st, "work with the database", e);
	if (!err)
		err = make_tables(st, e);
	if (err)
		store_close(st, NULL);
	else
		*out = st;
	return err;
}

int store_add_run(struct store *st, enum side side, const char *file, const char *metadata,
		  struct err *e)
{
	sqlite3_stmt *q = store_query(st, e, "INSERT INTO runs (side, file, metadata) "
				      "VALUES (?, ?, ?)");
	int err = q ? 0 : -EIO;

	if (q) {
		sqlite3_bind_int(q, 1, side);
		sqlite3_bind_text(q, 2, file, -1, SQLITE_STATIC);
		sqlite3_bind_text(q, 3, metadata, -1, SQLITE_STATIC);
		err = store_step(st, q, e);
		store_done(q);
	}
	st->run = sqlite3_last_insert_rowid(st->db);
	st->side = side;
	st->n_rows = 0;
	return err;
}

/* ---- a row's values: NULL, or why it is none ---- */

static const char *bind_integer(sqlite3_stmt *q, int at, struct cell v)
{
	int64_t n = 0;

	if (v.len > 18)
		return "is no number of a row";
	for (size_t i = 0; i < v.len; i++) {
		if (!is_digit(v.p[i]))
			return "is no number";
		n = 10 * n + (v.p[i] - '0');
	}
	sqlite3_bind_int64(q, at, n);
	return v.len ? NULL : "is no number";
}

/* Digits, and a fraction if any: a number of milliseconds. */
static const char *bind_ms(sqlite3_stmt *q, int at, struct cell v)
{
	double n = 0, unit = 1;
	bool fraction = false;

	for (size_t i = 0; i < v.len && i < 24; i++) {
		if (v.p[i] == '.' && i && !fraction) {
			fraction = true;
			continue;
		}
		if (!is_digit(v.p[i]))
			return "is no number of milliseconds";
		n = 10 * n + (v.p[i] - '0');
		unit = fraction ? 10 * unit : unit;
	}
	if (!v.len || v.len > 24)
		return "is no number of milliseconds";
	sqlite3_bind_double(q, at, n / unit);
	return NULL;
}

static const char *bind_bool(sqlite3_stmt *q, int at, struct cell v)
{
	bool yes = v.len == 4 && memcmp(v.p, "true", 4) == 0;

	if (!yes && (v.len != 5 || memcmp(v.p, "false", 5) != 0))
		return "is neither true nor false";
	sqlite3_bind_int(q, at, yes);
	return NULL;
}

static const char *bind_word(sqlite3_stmt *q, int at, struct cell v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!is_alnum(v.p[i]) && v.p[i] != '-' && v.p[i] != '_')
			return "is no word of tfomap's";
	if (!v.len || v.len > WORD_LEN)
		return "is no word of tfomap's";
	sqlite3_bind_text(q, at, v.p, (int)v.len, SQLITE_STATIC);
	return NULL;
}

static const char *bind_addr(sqlite3_stmt *q, int at, struct cell v, char text[static ADDR_STRLEN])
{
	struct addr a;

	if (v.len < ADDR_STRLEN) {
		memcpy(text, v.p, v.len);
		text[v.len] = '\0';
	}
	if (v.len >= ADDR_STRLEN || strlen(text) != v.len || addr_parse(&a, text))
		return "is no address";
	/* What two rows write in two ways is one target. */
	addr_format(a, text);
	sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
	return NULL;
}

static const char *bind_value(struct store *st, unsigned int c, struct cell v)
{
	int at = (int)c + BIND_FIRST;

	switch (columns[c].kind) {
	case KIND_INTEGER:
		return bind_integer(st->insert, at, v);
	case KIND_MS:
		return bind_ms(st->insert, at, v);
	case KIND_BOOL:
		return bind_bool(st->insert, at, v);
	case KIND_WORD:
		return bind_word(st->insert, at, v);
	case KIND_ADDR:
		return bind_addr(st->insert, at, v, st->addrs[c]);
	case KIND_TEXT:
		break;
	}
	if (v.len && memchr(v.p, '\0', v.len))
		return "has a NUL";
	if (v.len)
		sqlite3_bind_text(st->insert, at, v.p, (int)v.len, SQLITE_STATIC);
	return NULL;
}

int store_add_row(struct store *st, const char *name, const struct reader_row *row, struct err *e)
{
	sqlite3_clear_bindings(st->insert);
	sqlite3_bind_int64(st->insert, 1, st->run);
	sqlite3_bind_int(st->insert, 2, st->side);
	for (unsigned int c = 0; c < COLUMNS; c++) {
		struct cell v = row->cells[c];
		const char *why;

		if (!v.p || !(columns[c].kept || st->fd >= 0))
			continue;
		why = bind_value(st, c, v);
		if (why)
			return err_set(e, EINVAL, "%.150s:%lu: %s: '%.*s' %s", name, row->line,
				       columns[c].name, (int)(v.len < 40 ? v.len : 40), v.p, why);
	}
	/* Of rows with the cookie alone. */
	if (row->cells[COLUMN_cookie].p && !row->cells[COLUMN_cookie_len].p)
		sqlite3_bind_int64(st->insert, COLUMN_cookie_len + BIND_FIRST,
				   (int64_t)row->cells[COLUMN_cookie].len / 2);
	if (sqlite3_step(st->insert) != SQLITE_DONE)
		return fails(st, "store a row", e);
	sqlite3_reset(st->insert);
	st->n_rows++;
	return 0;
}

int store_end_run(struct store *st, const struct reader_found *found, uint64_t *n_rows,
		  struct err *e)
{
	sqlite3_stmt *q = store_query(st, e, "UPDATE runs SET rows = ?, columns = ? WHERE run = ?");
	char names[SQL_LEN] = "";
	struct text t;
	int err;

	if (!q)
		return -EIO;
	text_init(&t, names, sizeof(names));
	for (unsigned int c = 0; c < COLUMNS; c++)
		if (found->columns >> c & 1)
			text_add(&t, "%s%s", t.len ? "," : "", columns[c].name);
	sqlite3_bind_int64(q, 1, (int64_t)st->n_rows);
	sqlite3_bind_text(q, 2, names, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, st->run);
	err = store_step(st, q, e);
	store_done(q);
	*n_rows = st->n_rows;
	return err;
}

int store_end(struct store *st, struct err *e)
{
	/* Verdicts are in it so that a comparison reads the index alone. */
	return run_sql(st, "CREATE INDEX rows_target ON rows (side, ip, port, run, verdict);"
		       "COMMIT;", e);
}

/* ---- asking ---- */

sqlite3_stmt *store_query(struct store *st, struct err *e, const char *sql)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(st->db, sql, -1, &q, NULL) != SQLITE_OK)
		fails(st, "query the database", e);
	return q;
}

int store_step(struct store *st, sqlite3_stmt *q, struct err *e)
{
	int rc = q ? sqlite3_step(q) : SQLITE_ERROR;

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : fails(st, "query the database", e);
}

void store_done(sqlite3_stmt *q)
{
	sqlite3_finalize(q);
}

const char *store_text(sqlite3_stmt *q, int column)
{
	const char *text = (const char *)sqlite3_column_text(q, column);

	return text ? text : "";
}

int store_number(struct store *st, const char *sql, int64_t *out, struct err *e)
{
	sqlite3_stmt *q = store_query(st, e, sql);
	int rc = q ? store_step(st, q, e) : -EIO;

	*out = rc > 0 ? sqlite3_column_int64(q, 0) : 0;
	store_done(q);
	return rc < 0 ? rc : 0;
}

static int close_database(struct store *st, struct err *e)
{
	sqlite3_finalize(st->insert);
	st->insert = NULL;
	if (sqlite3_close(st->db) != SQLITE_OK)
		return fails(st, "close the database", e);
	st->db = NULL;
	return 0;
}

int store_save(struct store *st, int fd, struct err *e)
{
	const size_t piece = 1u << 24;
	off_t at = 0;
	ssize_t n = 1;
	int err = close_database(st, e);

	while (!err && n > 0)
		n = sendfile(fd, st->fd, &at, piece);
	if (!err && n < 0)
		err = err_set(e, errno, "cannot write the database (--db): %s", strerror(errno));
	return err;
}

int store_close(struct store *st, struct err *e)
{
	int err = 0;

	if (!st)
		return 0;
	err = close_database(st, e);
	if (st->fd >= 0)
		close(st->fd);
	free(st);
	return err;
}

int store_check_file(const char *path, struct err *e)
{
	static const char magic[] = "SQLite format 3";
	uint8_t head[72] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? 0 : read(fd, head, sizeof(head));
	bool sqlite = memcmp(head, magic, sizeof(magic)) == 0;

	if (fd >= 0)
		close(fd);
	if (n == 0 || (sqlite && get_be32(head + 68) == APPLICATION_ID))
		return 0;
	return err_set(e, EINVAL, "--db %.200s: is there, and is %s; name another file", path,
		       sqlite ? "another program's database" : "no SQLite database");
}

void store_roff(FILE *out)
{
	char doc[256];

	for (unsigned int c = 0; c < COLUMNS; c++) {
		opttab_roff_text(columns[c].doc, doc, sizeof(doc));
		fprintf(out, ".TP\n.B %s\n(%s) %s\n", columns[c].name, types[columns[c].kind], doc);
	}
}
