/* main of tfomap-report: reads rows into the store, checks, and hands out what was asked for. */
#include <errno.h>
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
#include "files/outfile.h"
#include "report/grid.h"
#include "report/merge.h"
#include "report/options.h"
#include "report/page.h"
#include "report/runs.h"
#include "report/store.h"
#include "report/tables.h"
#include "rowfile/input.h"
#include "rowfile/reader.h"

#define MERGE_METADATA ".meta.json"	/* added to the name of --merge */
#define LOOK_ROWS 65536		/* how often the clock is looked at */

enum { EXIT_DONE, EXIT_INPUT, EXIT_FAILED = 3 };

/* What it writes. */
enum { OUT_HTML, OUT_MERGE, OUT_METADATA, OUT_DB, OUTS };

/* What a run of the program works on. */
struct report {
	struct options o;
	struct runs_rules rules;
	struct grids warned;		/* one grid, for the page */
	struct run *runs;		/* of the files, then of the others */
	size_t n_runs;
	struct store *st;
	char *merged_metadata;		/* name of those of --merge */
	struct outfile *out[OUTS];	/* NULL: not asked for */
	struct merge *merge;
	const struct run *current;
	uint64_t n_rows, next_ns;	/* when progress is due again */
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

static int check_found(const struct report *r, const struct reader_found *found, struct run *run,
		       struct err *e)
{
	if (found->replies)
		return err_set(e, EINVAL, "%.200s: rows of answers (--rows reply); give rows of "
			       "targets (--rows target)", r->current->file);
	run->columns = found->is_csv || found->is_ndjson ? found->columns : UINT64_MAX;
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
		err = check_found(r, &found, run, e);
	if (!err)
		err = store_end_run(r->st, &found, &run->n_rows, e);
	input_close(in);
	free(metadata);
	return err;
}

/* ---- the files ---- */

/* Before anything is said of their metadata. */
static int check_files(const struct report *r, struct err *e)
{
	struct stat st;

	for (size_t i = 0; i < r->n_runs; i++) {
		const char *file = r->runs[i].file;

		if (strcmp(file, "-") == 0)
			continue;
		if (access(file, R_OK) != 0 || stat(file, &st) != 0)
			return err_set(e, EINVAL, "%.200s: %s", file, strerror(errno));
		if (S_ISDIR(st.st_mode))
			return err_set(e, EINVAL, "%.200s: a folder; name the files in it", file);
	}
	return 0;
}

static int is_same_file(const char *path, const struct stat *other)
{
	struct stat st;

	return (strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st)) == 0
	       && st.st_dev == other->st_dev && st.st_ino == other->st_ino;
}

/* That what is written is none of what is read. */
static int check_output(const struct report *r, const char *option, const char *path, struct err *e)
{
	struct stat out;

	if (stat(path, &out) != 0)
		return 0;
	for (size_t i = 0; i < r->n_runs; i++) {
		const char *metadata = r->runs[i].metadata_file;

		if (is_same_file(r->runs[i].file, &out)
		    || (metadata && is_same_file(metadata, &out)))
			return err_set(e, EINVAL, "%s %.200s: that is read; name another file",
				       option, path);
	}
	return 0;
}

/* What is beside the union must not be taken for its metadata where it has none. */
static int check_stale(const struct report *r, struct err *e)
{
	struct run merged = { .file = r->o.merge };
	int err = run_load(&merged, NULL, e);

	if (!err && merged.metadata_file)
		err = err_set(e, EINVAL, "--merge %.150s: not all FILEs have metadata, so their "
			      "union has none, and %.150s would be taken for them; remove it, or "
			      "name another file", r->o.merge, merged.metadata_file);
	run_free(&merged);
	return err;
}

static bool all_have_metadata(const struct report *r)
{
	for (size_t i = 0; i < r->o.n_files; i++)
		if (!r->runs[i].metadata)
			return false;
	return true;
}

/* Whatever would keep them from being written shows before anything is read. */
static int open_outputs(struct report *r, struct err *e)
{
	const struct {
		const char *option, *path;
		mode_t mode;
	} outs[OUTS] = {
		[OUT_HTML] = { "--html", r->o.html, 0666 },
		[OUT_MERGE] = { "--merge", r->o.merge, 0666 },
		[OUT_METADATA] = { "--merge", r->merged_metadata, 0600 },
		[OUT_DB] = { "--db", r->o.db, 0666 },
	};
	int err = 0;

	for (size_t i = 0; i < OUTS && !err; i++) {
		if (!outs[i].path)
			continue;
		err = check_output(r, outs[i].option, outs[i].path, e);
		if (!err)
			err = outfile_open(&r->out[i], outs[i].option, outs[i].path, outs[i].mode,
					   r->out, i, e);
	}
	return err;
}

static int prepare_outputs(struct report *r, struct err *e)
{
	int err = r->o.merge ? merge_check_name(r->o.merge, e) : 0;

	if (!err && r->o.merge && all_have_metadata(r)
	    && asprintf(&r->merged_metadata, "%s" MERGE_METADATA, r->o.merge) < 0)
		return err_set(e, ENOMEM, "no memory for the name of a file");
	if (!err)
		err = open_outputs(r, e);
	if (!err && r->o.merge && !r->merged_metadata)
		err = check_stale(r, e);
	if (!err && r->o.db)
		err = store_check_file(r->o.db, e);
	return err;
}

static int load_metadata(struct report *r, struct err *e)
{
	int err = 0;

	r->n_runs = r->o.n_files + r->o.n_others;
	r->runs = calloc(r->n_runs, sizeof(*r->runs));
	if (!r->runs)
		return err_set(e, ENOMEM, "no memory for the files");
	for (size_t i = 0; i < r->n_runs; i++)
		r->runs[i].file = i < r->o.n_files ? r->o.files[i] : r->o.others[i - r->o.n_files];
	err = check_files(r, e);
	for (size_t i = 0; i < r->n_runs && !err; i++)
		err = run_load(&r->runs[i], r->o.n_metadata ? r->o.metadata[i] : NULL, e);
	return err;
}

static int check_metadata(struct report *r, struct err *e)
{
	struct runs_rules others;
	int err;

	r->rules = (struct runs_rules){
		.fit = r->o.rounds ? RUNS_ROUNDS : RUNS_SHARDS, .unsound = r->o.allow_unsound,
		.partial = r->o.allow_partial, .add = "add the missing ones",
		.one_scan = "give those of one, or --rounds, --diff, --join",
		.warned = grid_add(&r->warned, "Warnings", ""),
	};
	if (r->o.join)
		r->rules.add = "make one FILE of all shards (--merge)";
	if (r->o.n_others)
		r->rules.one_scan = "give those of one on either side";
	if (r->o.n_others && !r->o.join)
		r->rules.one_scan = "give those of one, and --diff before each file of the old one";
	others = r->rules;
	if (!r->o.join)
		others.add = "repeat --diff for each file of the old scan";
	err = runs_check(r->runs, r->o.n_files, &r->rules, e);
	if (!err && r->o.n_others)
		err = runs_check(r->runs + r->o.n_files, r->o.n_others, &others, e);
	if (!err && r->o.n_others)
		runs_compare(&r->runs[0], &r->runs[r->o.n_files], r->rules.warned);
	return err;
}

/* ---- from rows to what is wanted ---- */

static int read_all(struct report *r, struct err *e)
{
	int err = store_open(&r->st, r->o.db, e);

	if (!err && r->o.merge)
		err = merge_open(&r->merge, r->o.merge, outfile_fd(r->out[OUT_MERGE]), e);
	r->next_ns = clock_now_ns() + progress_ns();
	for (size_t i = 0; i < r->n_runs && !err; i++)
		err = read_run(r, &r->runs[i], i < r->o.n_files ? SIDE_THIS : SIDE_OTHER, e);
	if (!err)
		err = store_end(r->st, e);
	if (!err)
		err = runs_check_rows(r->runs, r->n_runs, r->o.n_others, &r->rules, r->st, e);
	return err;
}

static int write_merged(struct report *r, struct err *e)
{
	json_t *sum = r->merged_metadata ? runs_sum(r->runs, r->o.n_files) : NULL;
	char *text = sum ? json_dumps(sum, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
	struct merge *merge = r->merge;
	int err;

	r->merge = NULL;
	err = merge_end(merge, e);
	if (!err && r->merged_metadata && !text)
		err = err_set(e, ENOMEM, "no memory for the metadata of --merge");
	if (!err)
		err = outfile_commit(r->out[OUT_MERGE], e);
	if (!err && text)
		err = outfile_write(r->out[OUT_METADATA], text, strlen(text), e);
	json_decref(sum);
	free(text);
	return err;
}

static int write_files(struct report *r, struct grids *grids, struct err *e)
{
	int err = 0;

	if (r->o.html) {
		plot_grids(grids, r->rules.warned);
		err = page_write(r->out[OUT_HTML], r->o.title ? r->o.title
				 : "TCP Fast Open, as tfomap found it", &r->warned, grids, e);
	}
	if (!err && r->o.merge)
		err = write_merged(r, e);
	if (!err && r->o.db)
		err = store_save(r->st, outfile_fd(r->out[OUT_DB]), e);
	if (!err && r->o.db)
		err = outfile_commit(r->out[OUT_DB], e);
	return err;
}

static int hand_out(struct report *r, struct grids *grids, struct err *e)
{
	int err;

	r->writes = true;
	if (r->o.merge && !r->merged_metadata)
		runs_warn(r->rules.warned,
			  "--merge: not all files have metadata, so their union has none");
	err = write_files(r, grids, e);
	if (err)
		return err;
	end_progress(r);
	errno = 0;
	grids_print(grids, stdout);
	/* Who reads it may have seen enough (| head). */
	if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE)
		return err_set(e, errno ? errno : EIO, "cannot write to standard output: %s",
			       strerror(errno ? errno : EIO));
	return 0;
}

static int make_tables(struct report *r, struct grids *grids, struct err *e)
{
	struct tables_input in = {
		.st = r->st, .runs = r->runs, .n_runs = r->o.n_files, .n_others = r->o.n_others,
		.fit = r->rules.fit, .how = r->o.join ? COMPARE_JOIN : COMPARE_DIFF,
		.partial = r->o.allow_partial, .columns = UINT64_MAX,
		.by = r->o.by, .n_by = r->o.n_by, .top = r->o.top,
	};

	for (size_t i = 0; i < r->o.n_files; i++)
		in.columns &= r->runs[i].columns;
	return tables_build(&in, grids, e);
}

static int run(struct report *r, struct err *e)
{
	struct grids grids = { NULL, NULL };
	int err = load_metadata(r, e);

	if (!err)
		err = prepare_outputs(r, e);
	if (!err)
		err = check_metadata(r, e);
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
	merge_end(r->merge, NULL);
	store_close(r->st, NULL);
	for (size_t i = 0; i < OUTS; i++)
		outfile_close(r->out[i]);
	free(r->merged_metadata);
	grids_free(&r->warned);
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
