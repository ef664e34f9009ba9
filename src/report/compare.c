/* Two sets of rows side by side: part of tables. */
#include "report/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/share.h"
#include "err.h"
#include "report/grid.h"
#include "report/store.h"

#define WORDS_MAX 64	/* verdicts in a matrix; tfomap has fewer */

/* How often which verdict met which; the last place of either is that of no row. */
struct matrix {
	char words[WORDS_MAX][48];
	size_t n;
	uint64_t v[WORDS_MAX + 1][WORDS_MAX + 1];	/* [other][this] */
	uint64_t both, same, gone, new;
};

#define NONE WORDS_MAX

static const struct {
	const char *other, *this, *gone, *new, *differ, *matrix;
} words[] = {
	[COMPARE_DIFF] = { "old", "new", "Targets without a row in the new scan",
			   "Targets without a row in the old scan",
			   "Targets whose verdict changed", "Verdicts, old by new" },
	[COMPARE_JOIN] = { "A", "B", "Targets with a row in A alone",
			   "Targets with a row in B alone", "Targets whose verdicts differ",
			   "Verdicts, A by B" },
};

#define BOTH "rows n JOIN rows o ON o.side = 1 AND o.ip = n.ip AND o.port = n.port " \
	"WHERE n.side = 0 "
#define ONLY(side, others) "rows a WHERE a.side = " side " AND NOT EXISTS (SELECT 1 FROM rows b " \
	"WHERE b.side = " others " AND b.ip = a.ip AND b.port = a.port) "

static int place_of(struct matrix *m, const char *word)
{
	size_t i = 0;

	while (i < m->n && strcmp(m->words[i], word) != 0)
		i++;
	if (i == WORDS_MAX)
		return -1;
	if (i == m->n)
		snprintf(m->words[m->n++], sizeof(m->words[0]), "%s", word);
	return (int)i;
}

/* Each result: the verdicts of the other and of this one, null for no row, and how many. */
static int count(struct store *st, struct matrix *m, const char *sql, struct err *e)
{
	sqlite3_stmt *q = store_query(st, e, sql);
	int rc;

	while ((rc = store_step(st, q, e)) > 0) {
		bool no_other = sqlite3_column_type(q, 0) == SQLITE_NULL;
		bool no_this = sqlite3_column_type(q, 1) == SQLITE_NULL;
		int other = no_other ? NONE : place_of(m, store_text(q, 0));
		int this = no_this ? NONE : place_of(m, store_text(q, 1));
		uint64_t n = (uint64_t)sqlite3_column_int64(q, 2);

		if (other < 0 || this < 0) {
			rc = err_set(e, EINVAL,
				     "more than %d different verdicts: these are no rows "
				     "of tfomap's",
				     WORDS_MAX);
			break;
		}
		m->v[other][this] += n;
		m->both += no_other || no_this ? 0 : n;
		m->same += other == this ? n : 0;
		m->gone += no_this ? n : 0;
		m->new += no_other ? n : 0;
	}
	store_done(q);
	return rc;
}

static int count_all(struct store *st, struct matrix *m, struct err *e)
{
	int err = count(st, m,
			"SELECT coalesce(o.verdict, '-'), coalesce(n.verdict, '-'), count(*) "
			"FROM " BOTH "GROUP BY 1, 2",
			e);

	if (!err)
		err = count(st, m, "SELECT NULL, coalesce(a.verdict, '-'), count(*) FROM "
			    ONLY("0", "1") "GROUP BY 2", e);
	if (!err)
		err = count(st, m, "SELECT coalesce(a.verdict, '-'), NULL, count(*) FROM "
			    ONLY("1", "0") "GROUP BY 1", e);
	return err;
}

/* What chance alone would bring to agree. */
static double expected(const struct matrix *m)
{
	double sum = 0, n = (double)m->both;

	for (size_t i = 0; i < m->n; i++) {
		uint64_t row = 0, column = 0;

		for (size_t k = 0; k < m->n; k++) {
			row += m->v[i][k];
			column += m->v[k][i];
		}
		sum += (double)row / n * ((double)column / n);
	}
	return sum;
}

static void add_summary(const struct matrix *m, enum tables_compare how, struct grid *g)
{
	const uint64_t numbers[] = { m->both, m->same, m->both - m->same };
	const char *const names[] = {
		"in both", "the same verdict", how == COMPARE_DIFF ? "changed" : "another verdict",
	};

	for (size_t i = 0; i < 3; i++) {
		grid_cell(g, "%s", names[i]);
		grid_cell(g, "%" PRIu64, numbers[i]);
		if (i) {
			grid_share(g, numbers[i], m->both);
		} else {
			grid_cell(g, "-");
			grid_cell(g, "-");
		}
	}
	grid_cell(g, how == COMPARE_DIFF ? "gone (a row in the old scan alone)" : "in A alone");
	grid_cell(g, "%" PRIu64, m->gone);
	grid_cell(g, "-");
	grid_cell(g, "-");
	grid_cell(g, how == COMPARE_DIFF ? "new (a row in the new scan alone)" : "in B alone");
	grid_cell(g, "%" PRIu64, m->new);
	grid_cell(g, "-");
	grid_cell(g, "-");
	if (how == COMPARE_JOIN && m->both)
		grid_note(g, "Cohen's kappa: %.3f (1: they agree; 0: as by chance).",
			  share_kappa((double)m->same / (double)m->both, expected(m)));
	grid_note(g, "A target without a row was silent, or was none (tfomap --report all writes "
		  "silent ones).");
}

/* How many targets have a word on the one side, or on the other. */
static uint64_t sum_of(const struct matrix *m, size_t word, bool other)
{
	uint64_t sum = 0;

	for (size_t k = 0; k <= WORDS_MAX; k++)
		sum += other ? m->v[word][k] : m->v[k][word];
	return sum;
}

/* The words in the order of how many they are, so that the matrix has its weight at its head. */
static void sort(const struct matrix *m, size_t order[static WORDS_MAX])
{
	uint64_t sums[WORDS_MAX] = { 0 };

	for (size_t i = 0; i < m->n; i++) {
		size_t at = i;

		sums[i] = sum_of(m, i, true) + sum_of(m, i, false);
		for (; at && sums[order[at - 1]] < sums[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

static const char *name_of(const struct matrix *m, size_t word)
{
	return word == NONE ? "no row" : m->words[word];
}

/* Verdicts that nobody has on a side are no row, or no column, of it. */
static int add_matrix(const struct matrix *m, enum tables_compare how, struct grids *out,
		      struct err *e)
{
	char corner[32];
	struct grid *g;
	size_t order[WORDS_MAX + 1], n = m->n;

	snprintf(corner, sizeof(corner), "%s \\ %s", words[how].other, words[how].this);
	g = grid_add(out, words[how].matrix, corner);
	if (!g)
		return err_set(e, ENOMEM, "no memory for the tables");
	if (n > GRID_COLUMNS_MAX - 2)
		n = GRID_COLUMNS_MAX - 2;
	sort(m, order);
	order[n] = NONE;
	for (size_t k = 0; k <= n; k++)
		if (sum_of(m, order[k], false))
			grid_add_column(g, name_of(m, order[k]), true);
	for (size_t i = 0; i <= n; i++) {
		if (!sum_of(m, order[i], true))
			continue;
		grid_cell(g, "%s", name_of(m, order[i]));
		for (size_t k = 0; k <= n; k++) {
			uint64_t v = m->v[order[i]][order[k]];

			if (sum_of(m, order[k], false))
				grid_cell(g, v ? "%" PRIu64 : ".", v);
		}
	}
	if (!grid_rows(g))
		grid_note(g, "No target has a row.");
	return 0;
}

/* A pair of verdicts: from one to the other, as more went than came back. */
struct way {
	size_t from, to;
	uint64_t n, back;
};

static int by_number(const void *a, const void *b)
{
	const struct way *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return x->from != y->from ? (x->from < y->from ? -1 : 1) : x->to < y->to ? -1 : 1;
}

/* Those between which some went; how many. v has room for all pairs. */
static size_t find_ways(const struct matrix *m, struct way *v)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = i + 1; k < m->n; k++) {
			bool turned = m->v[k][i] > m->v[i][k];
			size_t from = turned ? k : i, to = turned ? i : k;

			if (m->v[from][to])
				v[n++] = (struct way){ from, to, m->v[from][to], m->v[to][from] };
		}
	qsort(v, n, sizeof(*v), by_number);
	return n;
}

static int add_ways(const struct matrix *m, enum tables_compare how, uint64_t top,
		    struct grids *out, struct err *e)
{
	bool diff = how == COMPARE_DIFF;
	struct grid *g = grid_add(out, diff ? "Changes, both ways" : "Differences, both ways",
				  diff ? "old -> new|>targets|the way back|>targets"
				       : "A, B|>targets|the other way|>targets");
	struct way *v = calloc(WORDS_MAX * WORDS_MAX / 2, sizeof(*v));
	const char *between = diff ? " ->" : ",";
	size_t n = g && v ? find_ways(m, v) : 0;

	for (size_t i = 0; i < n && (!top || i < top); i++) {
		const char *from = m->words[v[i].from], *to = m->words[v[i].to];

		grid_cell(g, "%s%s %s", from, between, to);
		grid_cell(g, "%" PRIu64, v[i].n);
		grid_cell(g, "%s%s %s", to, between, from);
		grid_cell(g, "%" PRIu64, v[i].back);
	}
	if (g && top && n > top)
		grid_note(g, "The first %" PRIu64 " of %zu; --top 0 shows all.", top, n);
	if (g && !n)
		grid_note(g, "None.");
	n = g && v;
	free(v);
	return n ? 0 : err_set(e, ENOMEM, "no memory for the tables");
}

/* sql: address, port and n_words verdicts. n: how many there are. */
static int add_list(struct store *st, const char *title, const char *columns, const char *sql,
		    int n_words, uint64_t n, uint64_t top, struct grids *out, struct err *e)
{
	sqlite3_stmt *q = n ? store_query(st, e, sql) : NULL;
	struct grid *g = n && q ? grid_add(out, title, columns) : NULL;
	int rc = 0;

	if (!n)
		return 0;
	if (!q || !g) {
		store_done(q);
		return q ? err_set(e, ENOMEM, "no memory for the tables") : -EIO;
	}
	sqlite3_bind_int64(q, 1, top ? (int64_t)top : -1);
	while ((rc = store_step(st, q, e)) > 0) {
		bool v6 = strchr(store_text(q, 0), ':');

		grid_cell(g, v6 ? "[%s]:%d" : "%s:%d", store_text(q, 0), sqlite3_column_int(q, 1));
		for (int c = 0; c < n_words; c++)
			grid_cell(g, "%s", store_text(q, 2 + c));
	}
	store_done(q);
	if (top && n > top)
		grid_note(g, "The first %" PRIu64 " of %" PRIu64 "; --top 0 shows all.", top, n);
	return rc;
}

int tables_compare(struct store *st, enum tables_compare how, uint64_t top, struct grids *out,
		   struct err *e)
{
	struct matrix *m = calloc(1, sizeof(*m));
	struct grid *g = grid_add(out, how == COMPARE_DIFF ? "What changed" : "Agreement",
				  "targets|>n|" GRID_SHARE);
	char columns[64];
	int err = m && g ? count_all(st, m, e) : err_set(e, ENOMEM, "no memory for the tables");

	if (!err) {
		add_summary(m, how, g);
		err = add_matrix(m, how, out, e);
	}
	if (!err)
		err = add_ways(m, how, top, out, e);
	snprintf(columns, sizeof(columns), "target|%s|%s", words[how].other, words[how].this);
	if (!err)
		err = add_list(st, words[how].differ, columns, "SELECT n.ip, n.port, o.verdict, "
			       "n.verdict FROM " BOTH "AND o.verdict IS NOT n.verdict ORDER BY "
			       "o.verdict, n.verdict, n.ip, n.port LIMIT ?", 2, m->both - m->same,
			       top, out, e);
	if (!err)
		err = add_list(st, words[how].new, "target|verdict",
			       "SELECT a.ip, a.port, a.verdict "
			       "FROM " ONLY("0", "1") "ORDER BY 3, 1, 2 LIMIT ?",
			       1, m->new, top, out, e);
	if (!err)
		err = add_list(st, words[how].gone, "target|verdict",
			       "SELECT a.ip, a.port, a.verdict "
			       "FROM " ONLY("1", "0") "ORDER BY 3, 1, 2 LIMIT ?",
			       1, m->gone, top, out, e);
	free(m);
	return err;
}
