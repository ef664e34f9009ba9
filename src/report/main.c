/* main of tfomap-report: reads rows into the store, checks, and hands out what was asked for. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "err.h"
#include "report/grid.h"
#include "report/merge.h"
#include "report/options.h"
#include "report/page.h"
#include "report/runs.h"
#include "report/store.h"
#include "report/tables.h"
#include "rowfile/input.h"
#include "rowfile/reader.h"

#define LOOK_ROWS 65536		/* how often the clock is looked at */

enum { EXIT_DONE, EXIT_INPUT, EXIT_FAILED = 3 };

/* What a run of the program works on. */
struct report {
	struct options o;
	struct run *runs;		/* of the files, then of the others */
	size_t n_runs;
	struct store *st;
	char *db_part;			/* of --db, until it is whole */
	struct merge *merge;
	const struct run *current;
	uint64_t n_rows, next_ns;	/* when progress is due again */
	uint64_t columns;		/* which all files of SIDE_THIS have */
	bool writes;			/* what fails from now on is no fault of the input */
};

static uint64_t progress_ns(void)
{
	return (log_status_is_terminal() ? 1 : 10) * NS_PER_S;
}

static void show_progress(struct report *r)
{
	uint64_t now = clock_now_ns();
	char line[128];

	if (r->o.quiet || now < r->next_ns)
		return;
	r->next_ns = now + progress_ns();
	snprintf(line, sizeof(line), "%.60s: %" PRIu64 " rows read", r->current->file, r->n_rows);
	log_status(line);
}

/* The line of progress goes before a table begins in its place. */
static void end_progress(const struct report *r)
{
	if (r->o.quiet || !log_status_is_terminal())
		return;
	log_status("");
	log_wait(NS_PER_S);
}

static int take_header(void *arg, const struct cell *names, size_t n, struct err *e)
{
	struct report *r = arg;

	return r->merge ? merge_header(r->merge, r->current->file, names, n, e) : 0;
}

static int take_row(void *arg, const struct reader_row *row, struct err *e)
{
	struct report *r = arg;
	int err = store_add_row(r->st, r->current->file, row, e);

	if (!err && r->merge)
		err = merge_row(r->merge, r->current->file, row, e);
	if (++r->n_rows % LOOK_ROWS == 0)
		show_progress(r);
	return err;
}

static int check_found(struct report *r, const struct reader_found *found, enum side side,
		       struct err *e)
{
	if (found->replies)
		return err_set(e, EINVAL, "%.200s: rows of answers (--rows reply); give rows of "
			       "targets (--rows target)", r->current->file);
	if (side == SIDE_THIS && (found->is_csv || found->is_ndjson))
		r->columns &= found->columns;
	return 0;
}

static int read_run(struct report *r, struct run *run, enum side side, struct err *e)
{
	const struct reader_ops ops = { .row = take_row, .header = take_header, .arg = r };
	char *metadata = run->metadata ? json_dumps(run->metadata, JSON_COMPACT) : NULL;
	struct reader_found found;
	struct input *in = NULL;
	int err = store_add_run(r->st, side, run->file, metadata, e);

	r->current = run;
	if (!err)
		err = input_open(&in, run->file, e);
	if (!err)
		err = reader_read(in, &ops, &found, e);
	if (!err)
		err = check_found(r, &found, side, e);
	if (!err)
		err = store_end_run(r->st, &found, &run->n_rows, e);
	input_close(in);
	free(metadata);
	return err;
}

/* ---- whether rows fit each other ---- */

/* One target has one row in a scan; in rounds, one in each. */
static int check_duplicates(struct report *r, struct err *e)
{
	struct sqlite3_stmt *q = store_query(r->st, e, r->o.rounds ?
		"SELECT count(*), ip, port, min(run), max(run) FROM rows WHERE ip IS NOT NULL AND "
		"port IS NOT NULL GROUP BY side, ip, port, run HAVING count(*) > 1" :
		"SELECT count(*), ip, port, min(run), max(run) FROM rows WHERE ip IS NOT NULL AND "
		"port IS NOT NULL GROUP BY side, ip, port HAVING count(*) > 1");
	int rc = q ? store_step(r->st, q, e) : -EIO;

	if (rc > 0) {
		size_t one = strtoul(store_text(q, 3), NULL, 10) - 1;
		size_t other = strtoul(store_text(q, 4), NULL, 10) - 1;

		rc = err_set(
			e, EINVAL,
			"%.100s port %s has %s rows, in %.120s and in %.120s; give "
			"each file once, of one scan, or --rounds for runs one after the other",
			store_text(q, 1), store_text(q, 2), store_text(q, 0), r->runs[one].file,
			r->runs[other].file);
	}
	store_done(q);
	return rc;
}

static int check_rows(struct report *r, struct err *e)
{
	const uint64_t target = 1ull << COLUMN_ip | 1ull << COLUMN_port;
	bool compares = r->o.n_others > 0;

	if ((r->columns & target) == target)
		return check_duplicates(r, e);
	if (compares)
		return err_set(e, EINVAL,
			       "rows without ip and port (tfomap -f) cannot be compared");
	if (r->n_rows)
		log_warn("rows without ip and port (tfomap -f): whether a target is there twice is "
			 "not known");
	return 0;
}

/* ---- the files ---- */

/* That what is written is none of what is read. */
static int check_output(const struct report *r, const char *option, const char *path, struct err *e)
{
	struct stat out, in;

	if (!path || stat(path, &out) != 0)
		return 0;
	for (size_t i = 0; i < r->n_runs; i++) {
		const char *files[] = { r->runs[i].file, r->runs[i].metadata_file };

		for (size_t k = 0; k < 2; k++)
			if (files[k] && stat(files[k], &in) == 0 && in.st_dev == out.st_dev
			    && in.st_ino == out.st_ino)
				return err_set(e, EINVAL, "%s %.200s: that is read; name another "
					       "file", option, path);
	}
	return 0;
}

/* Something else under that name would be lost. */
static int check_db(const char *path, struct err *e)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof(magic)] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, head, sizeof(head));
	close(fd);
	if (n == 0 || (n == (ssize_t)sizeof(head) && memcmp(head, magic, sizeof(magic)) == 0))
		return 0;
	return err_set(e, EINVAL, "--db %.200s: is there, and is no SQLite database; name another "
		       "file", path);
}

static int open_outputs(struct report *r, struct err *e)
{
	int err = check_output(r, "--html", r->o.html, e);
	char *beside = NULL;

	if (r->o.merge && asprintf(&beside, "%s" MERGE_METADATA, r->o.merge) < 0)
		return err_set(e, ENOMEM, "no memory for the name of a file");
	if (!err)
		err = check_output(r, "--merge", beside, e);
	free(beside);
	if (!err)
		err = check_output(r, "--merge", r->o.merge, e);
	if (!err)
		err = check_output(r, "--db", r->o.db, e);
	if (!err)
		err = check_db(r->o.db, e);
	if (!err && r->o.db) {
		if (asprintf(&r->db_part, "%s.part", r->o.db) < 0)
			return err_set(e, ENOMEM, "no memory for the name of a file");
		unlink(r->db_part);	/* of a run that was killed */
	}
	if (!err)
		err = store_open(&r->st, r->db_part, e);
	if (!err && r->o.merge)
		err = merge_open(&r->merge, r->o.merge, e);
	return err;
}

static int load_metadata(struct report *r, struct err *e)
{
	const struct runs_rules rules = { r->o.rounds ? RUNS_ROUNDS : RUNS_SHARDS,
					  r->o.allow_unsound, r->o.allow_partial };
	int err = 0;

	r->n_runs = r->o.n_files + r->o.n_others;
	r->runs = calloc(r->n_runs, sizeof(*r->runs));
	if (!r->runs)
		return err_set(e, ENOMEM, "no memory for the files");
	for (size_t i = 0; i < r->n_runs && !err; i++) {
		r->runs[i].file = i < r->o.n_files ? r->o.files[i] : r->o.others[i - r->o.n_files];
		err = run_load(&r->runs[i], r->o.n_metadata ? r->o.metadata[i] : NULL, e);
	}
	if (!err)
		err = runs_check(r->runs, r->o.n_files, &rules, e);
	if (!err && r->o.n_others)
		err = runs_check(r->runs + r->o.n_files, r->o.n_others, &rules, e);
	if (!err && r->o.n_others)
		runs_compare(&r->runs[0], &r->runs[r->o.n_files]);
	return err;
}

/* ---- from rows to what is wanted ---- */

static int read_all(struct report *r, struct err *e)
{
	int err = 0;

	r->columns = UINT64_MAX;
	r->next_ns = clock_now_ns() + progress_ns();
	for (size_t i = 0; i < r->n_runs && !err; i++)
		err = read_run(r, &r->runs[i], i < r->o.n_files ? SIDE_THIS : SIDE_OTHER, e);
	if (!err)
		err = store_end(r->st, e);
	return err ? err : check_rows(r, e);
}

static int make_tables(struct report *r, struct grids *grids, struct err *e)
{
	const struct tables_input in = {
		.st = r->st, .runs = r->runs, .n_runs = r->o.n_files,
		.fit = r->o.rounds ? RUNS_ROUNDS : RUNS_SHARDS, .columns = r->columns,
		.by = r->o.by, .n_by = r->o.n_by, .top = r->o.top,
	};
	int err = 0;

	if (r->o.n_others)
		err = tables_compare(r->st, r->o.join ? COMPARE_JOIN : COMPARE_DIFF, r->o.top,
				     grids, e);
	return err ? err : tables_build(&in, grids, e);
}

static int hand_out(struct report *r, struct grids *grids, struct err *e)
{
	json_t *sum = r->merge ? runs_sum(r->runs, r->o.n_files) : NULL;
	struct merge *merge = r->merge;
	int err = 0;

	r->writes = true;
	if (merge && !sum)
		log_warn("--merge: not all files have metadata, so their union has none");
	r->merge = NULL;
	err = merge_end(merge, true, sum, e);
	json_decref(sum);
	if (!err && r->o.html) {
		plot_grids(grids);
		err = page_write(r->o.html, r->o.title ? r->o.title
				 : "TCP Fast Open, as tfomap found it", grids, e);
	}
	if (!err) {
		err = store_close(r->st, e);
		r->st = NULL;
	}
	if (!err && r->o.db && rename(r->db_part, r->o.db) != 0)
		err = err_set(e, errno, "cannot write the database to '%.200s': %s; name another "
			      "file with --db", r->o.db, strerror(errno));
	if (err)
		return err;
	end_progress(r);
	grids_print(grids, stdout);
	if (fflush(stdout) != 0)
		return err_set(e, errno, "cannot write to standard output: %s", strerror(errno));
	return 0;
}

static int run(struct report *r, struct err *e)
{
	struct grids grids = { NULL, NULL };
	int err = load_metadata(r, e);

	if (!err)
		err = open_outputs(r, e);
	if (!err)
		err = read_all(r, e);
	if (!err)
		err = make_tables(r, &grids, e);
	if (!err)
		err = hand_out(r, &grids, e);
	grids_free(&grids);
	return err;
}

static void close_all(struct report *r)
{
	merge_end(r->merge, false, NULL, NULL);
	store_close(r->st, NULL);
	if (r->db_part)
		unlink(r->db_part);
	free(r->db_part);
	for (size_t i = 0; r->runs && i < r->n_runs; i++)
		run_free(&r->runs[i]);
	free(r->runs);
	options_free(&r->o);
}

int main(int argc, char **argv)
{
	struct report r = { .n_rows = 0 };
	struct err e = { "" };
	bool failed;
	int err;

	log_set_program("tfomap-report");
	signal(SIGPIPE, SIG_IGN);
	err = options_read(&r.o, argc, argv, &e);
	if (!err && r.o.help)
		options_help(stdout);
	else if (!err && r.o.version)
		printf("tfomap-report %s\n", PACKAGE_VERSION);
	else if (!err)
		err = log_open(NULL, LOG_INFO, &e);
	if (!err && !r.o.help && !r.o.version)
		err = run(&r, &e);
	if (err)
		log_error("%s", e.msg[0] ? e.msg : strerror(-err));
	log_wait(NS_PER_S);
	log_close();
	failed = r.writes || err == -ENOSPC;
	close_all(&r);
	return !err ? EXIT_DONE : failed ? EXIT_FAILED : EXIT_INPUT;
}
