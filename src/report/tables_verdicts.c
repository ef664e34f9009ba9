/* Targets by verdict: part of tables. */
#include "report/tables_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "report/grid.h"
#include "report/store.h"
#include "report/tables.h"

struct verdict_count {
	char word[48];
	uint64_t rows, targets;
};

struct verdict_counts {
	struct verdict_count *v;
	size_t n;
	uint64_t rows, targets, silent;
};

static struct verdict_count *count_of(struct verdict_counts *all, const char *word)
{
	struct verdict_count *v;

	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].word, word) == 0)
			return &all->v[i];
	v = realloc(all->v, (all->n + 1) * sizeof(*v));
	if (!v)
		return NULL;
	all->v = v;
	v += all->n++;
	*v = (struct verdict_count){ .rows = 0 };
	snprintf(v->word, sizeof(v->word), "%s", word);
	return v;
}

/* run: its number, from 1; 0: all of SIDE_THIS. */
static int count_rows(const struct tables_input *in, size_t run, struct verdict_counts *all,
		      struct err *e)
{
	sqlite3_stmt *q = store_query(in->st, e,
				      run ? "SELECT coalesce(verdict, '-'), count(*) FROM rows "
					    "WHERE +side = 0 AND run = ? GROUP BY 1"
					  : "SELECT coalesce(verdict, '-'), count(*) FROM rows "
					    "WHERE +side = 0 GROUP BY 1");
	int rc;

	if (q && run)
		sqlite3_bind_int64(q, 1, (int64_t)run);
	while ((rc = store_step(in->st, q, e)) > 0) {
		struct verdict_count *v = count_of(all, store_text(q, 0));

		if (!v) {
			rc = err_set(e, ENOMEM, "no memory for the tables");
			break;
		}
		v->rows = v->targets = (uint64_t)sqlite3_column_int64(q, 1);
		all->rows += v->rows;
	}
	store_done(q);
	return rc;
}

#define NO_VERDICT "(no verdict)"

/* Targets that the runs had and that got no verdict. */
static void count_others(const struct run *runs, size_t n, struct verdict_counts *all)
{
	uint64_t had = 0, got = 0;
	struct verdict_count *v;

	for (size_t i = 0; i < n; i++)
		had += run_number(&runs[i], "targets", "of_this_run");
	for (size_t i = 0; i < all->n; i++)
		got += all->v[i].targets;
	v = had > got ? count_of(all, NO_VERDICT) : NULL;
	if (v)
		v->targets = had - got;
}

/*
 * Of silent targets the metadata alone know. partial: they may be older than the last rows. False:
 * some of the n runs has none.
 */
static bool count_targets(const struct run *runs, size_t n, bool partial,
			  struct verdict_counts *all)
{
	const char *word;
	json_t *count;

	for (size_t i = 0; i < n; i++)
		if (!json_object_get(runs[i].metadata, "verdicts"))
			return false;
	for (size_t i = 0; i < all->n; i++)
		all->v[i].targets = 0;
	for (size_t i = 0; i < n; i++)
		json_object_foreach(json_object_get(runs[i].metadata, "verdicts"), word, count) {
			struct verdict_count *v = json_integer_value(count) > 0 ?
				count_of(all, word) : NULL;

			if (v)
				v->targets += (uint64_t)json_integer_value(count);
		}
	for (size_t k = 0; k < all->n && partial; k++)
		if (all->v[k].targets < all->v[k].rows)
			all->v[k].targets = all->v[k].rows;
	count_others(runs, n, all);
	return true;
}

/* Whether the word is of targets that did not answer. */
static bool is_silent(const char *word)
{
	return strcmp(word, "offline") == 0 || strcmp(word, NO_VERDICT) == 0;
}

/* What is in a file that others wrote must not become a line of gnuplot's script. */
static bool is_plain(const char *word)
{
	return word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static int by_targets(const void *a, const void *b)
{
	const struct verdict_count *x = a, *y = b;

	if (x->targets != y->targets)
		return x->targets < y->targets ? 1 : -1;
	return strcmp(x->word, y->word);
}

/* Rows that the metadata do not know of are not that run's. */
static int check_counts(const struct tables_input *in, const struct verdict_counts *all,
			struct err *e)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].rows > all->v[i].targets)
			return err_set(e, EINVAL, "%.150s: %" PRIu64 " rows say '%s', the metadata "
				       "%" PRIu64 ": they are not of one run; --metadata names the "
				       "right ones", in->runs[0].file, all->v[i].rows,
				       all->v[i].word, all->v[i].targets);
	return 0;
}

static void show_verdicts(struct verdict_counts *all, bool known, bool rounds, struct grid *g)
{
	bool others = false;

	for (size_t i = 0; i < all->n; i++) {
		const struct verdict_count *v = &all->v[i];
		bool silent = is_silent(v->word);

		others |= strcmp(v->word, NO_VERDICT) == 0;
		grid_cell(g, "%s", v->word);
		grid_cell(g, "%" PRIu64, v->targets);
		grid_share(g, v->targets, all->targets);
		if (silent || all->targets == all->silent)
			grid_cell(g, "-");
		else
			grid_cell(g, "%.2f %%", 100.0 * (double)v->targets
				  / (double)(all->targets - all->silent));
		grid_cell(g, "%" PRIu64, v->rows);
		/* Beside silent ones nothing else would be seen. */
		if (!silent && is_plain(v->word))
			grid_point(g, "\"%s\" %" PRIu64, v->word, v->targets);
	}
	grid_note(g, "%" PRIu64 " targets, %" PRIu64 " rows; intervals are Wilson's, of 95 %%.",
		  all->targets, all->rows);
	if (others)
		grid_note(g, "No verdict: silent (--report all gives those one), or not reached.");
	if (rounds)
		grid_note(g, "A target counts in each of its rounds.");
	if (!known)
		grid_note(g,
			  "Of rows alone: how many targets were silent, the metadata would say.");
}

int tables_add_verdicts(const struct tables_input *in, struct grids *out, struct err *e)
{
	struct verdict_counts all = { .n = 0 };
	struct grid *g;
	bool known;
	int err;

	err = count_rows(in, 0, &all, e);
	known = !err && count_targets(in->runs, in->n_runs, in->partial, &all);
	if (!err && known)
		err = check_counts(in, &all, e);
	g = err ? NULL
		: grid_add(out, TABLES_VERDICTS,
			   "verdict|>targets|" GRID_SHARE "|>of answered|>rows");
	if (!err && !g)
		err = err_set(e, ENOMEM, "no memory for the tables");
	for (size_t i = 0; i < all.n; i++) {
		all.targets += all.v[i].targets;
		if (is_silent(all.v[i].word))
			all.silent += all.v[i].targets;
	}
	if (g) {
		if (all.n)
			qsort(all.v, all.n, sizeof(*all.v), by_targets);
		g->plot = GRID_BARS;
		show_verdicts(&all, known, in->fit == RUNS_ROUNDS, g);
	}
	free(all.v);
	return err;
}

/* ---- by round ---- */

static uint64_t targets_of(const struct verdict_counts *all, const char *word)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->v[i].word, word) == 0)
			return all->v[i].targets;
	return 0;
}

static int count_rounds(const struct tables_input *in, struct verdict_counts *rounds,
			struct verdict_counts *all, struct err *e)
{
	int err = 0;

	for (size_t i = 0; i < in->n_runs && !err; i++) {
		err = count_rows(in, i + 1, &rounds[i], e);
		if (!err)
			count_targets(&in->runs[i], 1, in->partial, &rounds[i]);
		for (size_t k = 0; k < rounds[i].n && !err; k++) {
			struct verdict_count *v = count_of(all, rounds[i].v[k].word);

			if (v)
				v->targets += rounds[i].v[k].targets;
			else
				err = err_set(e, ENOMEM, "no memory for the tables");
		}
	}
	if (!err && all->n)
		qsort(all->v, all->n, sizeof(*all->v), by_targets);
	return err;
}

static void show_rounds(const struct tables_input *in, const struct verdict_counts *rounds,
			const struct verdict_counts *all, struct grid *g)
{
	size_t n = all->n;

	if (n > GRID_COLUMNS_MAX - 2)
		n = GRID_COLUMNS_MAX - 2;
	for (size_t k = 0; k < n; k++)
		grid_add_column(g, all->v[k].word, true);
	for (size_t i = 0; i < in->n_runs; i++) {
		grid_cell(g, "%zu", i + 1);
		grid_cell(g, "%s", in->runs[i].file);
		for (size_t k = 0; k < n; k++)
			grid_cell(g, "%" PRIu64, targets_of(&rounds[i], all->v[k].word));
	}
	grid_note(g, "Targets; of a round without metadata those with a row.");
}

int tables_add_rounds(const struct tables_input *in, struct grids *out, struct err *e)
{
	/* The last is the sum of the others. */
	struct verdict_counts *rounds = calloc(in->n_runs + 1, sizeof(*rounds));
	struct grid *g = grid_add(out, "Verdicts by round", ">round|file");
	int err;

	if (!rounds || !g) {
		free(rounds);
		return err_set(e, ENOMEM, "no memory for the tables");
	}
	err = count_rounds(in, rounds, &rounds[in->n_runs], e);
	if (!err)
		show_rounds(in, rounds, &rounds[in->n_runs], g);
	for (size_t i = 0; i <= in->n_runs; i++)
		free(rounds[i].v);
	free(rounds);
	return err;
}
