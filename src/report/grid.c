#include "report/grid.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/share.h"
#include "utf8.h"

#define WIDE_COLUMNS 9	/* a table of more takes the page's width, */
#define LINE_LEN 132	/* and if its lines are longer, as text, numbers stand for its names, */
#define NAMES_LEN 80	/* which are in such lines below it */

static char no_memory[] = "?";	/* a cell that could not be kept */

struct grid *grid_add(struct grids *all, const char *title, const char *columns)
{
	struct grid *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->title = strdup(title);
	while (*columns) {
		size_t len = strcspn(columns, "|");
		bool right = *columns == '>';
		char name[80];

		snprintf(name, sizeof(name), "%.*s", (int)len - right, columns + right);
		grid_add_column(g, name, right);
		columns += len + (columns[len] == '|');
	}
	if (!all->end)
		all->end = &all->first;
	*all->end = g;
	all->end = &g->next;
	return g;
}

void grid_add_column(struct grid *g, const char *name, bool right)
{
	if (g->n_columns == GRID_COLUMNS_MAX)
		return;
	g->right[g->n_columns] = right;
	g->names[g->n_columns++] = strdup(name);
}

static void add_cell(struct grid *g, char *text)
{
	/* As many as a power of two has room for. */
	if ((g->n_cells & (g->n_cells - 1)) == 0) {
		size_t cap = g->n_cells ? 2 * g->n_cells : 1;
		char **cells = realloc(g->cells, cap * sizeof(*cells));

		if (!cells) {
			free(text);
			return;
		}
		g->cells = cells;
	}
	g->cells[g->n_cells++] = text ? text : no_memory;
}

void grid_cell(struct grid *g, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	add_cell(g, text);
}

void grid_share(struct grid *g, unsigned long long k, unsigned long long n)
{
	struct share s = share_wilson(k, n);

	if (!n) {
		grid_cell(g, "-");
		grid_cell(g, "-");
		return;
	}
	grid_cell(g, "%.2f %%", 100 * s.value);
	grid_cell(g, "%.2f .. %.2f", 100 * s.low, 100 * s.high);
}

/* Puts a line's text and an end after what is there, on the heap. */
static __attribute__((format(printf, 2, 0))) void add_line(char **to, const char *fmt, va_list ap)
{
	char *line = NULL, *all = NULL;

	if (vasprintf(&line, fmt, ap) < 0)
		return;
	if (asprintf(&all, "%s%s\n", *to ? *to : "", line) >= 0) {
		free(*to);
		*to = all;
	}
	free(line);
}

void grid_note(struct grid *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(&g->notes, fmt, ap);
	va_end(ap);
}

void grid_point(struct grid *g, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line(&g->data, fmt, ap);
	va_end(ap);
}

size_t grid_rows(const struct grid *g)
{
	return g->n_columns ? g->n_cells / g->n_columns : 0;
}

/* ---- as text ---- */

/* Characters, where each takes one place. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void print_cell(FILE *out, const char *text, size_t width, bool right, bool last)
{
	int pad = (int)(width - width_of(text));

	if (right)
		fprintf(out, "%*s%s", pad, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : pad, "");
	fputs(last ? "\n" : "  ", out);
}

static void print_line(const struct grid *g, char *const *cells, const size_t *widths, FILE *out)
{
	for (size_t c = 0; c < g->n_columns; c++)
		print_cell(out, cells[c], widths[c], g->right[c], c + 1 == g->n_columns);
}

/* The widths of cells, and, where heads is true, of the names above them. Their sum. */
static size_t measure(const struct grid *g, bool heads, size_t widths[static GRID_COLUMNS_MAX])
{
	size_t sum = 0;

	for (size_t c = 0; c < g->n_columns; c++) {
		widths[c] = heads || !c ? width_of(g->names[c]) : 4;
		for (size_t i = c; i < g->n_cells; i += g->n_columns) {
			size_t width = width_of(g->cells[i]);

			widths[c] = width > widths[c] ? width : widths[c];
		}
		sum += widths[c] + 2;
	}
	return sum;
}

/* Numbers in place of the names, which follow below the table. */
static void print_numbers(const struct grid *g, const size_t *widths, FILE *out)
{
	print_cell(out, g->names[0], widths[0], g->right[0], false);
	for (size_t c = 1; c < g->n_columns; c++) {
		char number[24];

		snprintf(number, sizeof(number), "(%zu)", c);
		print_cell(out, number, widths[c], g->right[c], c + 1 == g->n_columns);
	}
}

static void print_names(const struct grid *g, FILE *out)
{
	size_t at = 0;

	for (size_t c = 1; c < g->n_columns; c++) {
		size_t width = width_of(g->names[c]) + 7;

		fputs(c == 1 ? "\n" : at + width > NAMES_LEN ? "\n" : "  ", out);
		at = c == 1 || at + width > NAMES_LEN ? width : at + width;
		fprintf(out, "(%zu) %s", c, g->names[c]);
	}
	putc('\n', out);
}

/* On a terminal a cell does nothing but show itself. */
static void make_plain(const struct grid *g)
{
	for (size_t c = 0; c < g->n_columns; c++)
		utf8_show(g->names[c]);
	for (size_t i = 0; i < g->n_cells; i++)
		utf8_show(g->cells[i]);
}

static void grid_print(const struct grid *g, FILE *out)
{
	size_t widths[GRID_COLUMNS_MAX];
	bool heads;

	make_plain(g);
	heads = measure(g, true, widths) <= LINE_LEN || g->n_columns <= WIDE_COLUMNS;
	if (!heads)
		measure(g, false, widths);
	fprintf(out, "%s\n\n", g->title);
	if (grid_rows(g) && heads)
		print_line(g, g->names, widths, out);
	else if (grid_rows(g))
		print_numbers(g, widths, out);
	for (size_t row = 0; row < grid_rows(g); row++)
		print_line(g, g->cells + row * g->n_columns, widths, out);
	if (grid_rows(g) && !heads)
		print_names(g, out);
	if (g->notes)
		fprintf(out, "%s%s", grid_rows(g) ? "\n" : "", g->notes);
}

void grids_print(const struct grids *all, FILE *out)
{
	for (const struct grid *g = all->first; g; g = g->next) {
		grid_print(g, out);
		if (g->next)
			fputs("\n\n", out);
	}
}

/* ---- as HTML ---- */

char *grid_escape(const char *text)
{
	size_t len = strlen(text), n;
	char *clean = malloc(UTF8_CLEAN_MAX(len) + 1), *out = NULL, *p;

	if (clean)
		out = p = malloc(6 * UTF8_CLEAN_MAX(len) + 1);
	if (!out) {
		free(clean);
		return NULL;
	}
	n = utf8_clean(clean, text, len);
	for (size_t i = 0; i < n; i++) {
		const char *as = clean[i] == '&' ? "&amp;" : clean[i] == '<' ? "&lt;"
			: clean[i] == '>' ? "&gt;" : clean[i] == '"' ? "&quot;"
			: clean[i] == '\'' ? "&#39;" : (unsigned char)clean[i] < 0x20 ? " " : NULL;

		if (as) {
			memcpy(p, as, strlen(as));
			p += strlen(as);
		} else {
			*p++ = clean[i];
		}
	}
	*p = '\0';
	free(clean);
	return out;
}

static void put_escaped(FILE *out, const char *text)
{
	char *escaped = grid_escape(text);

	fputs(escaped ? escaped : "?", out);
	free(escaped);
}

static void html_line(const struct grid *g, char *const *cells, const char *tag, FILE *out)
{
	fputs("<tr>", out);
	for (size_t c = 0; c < g->n_columns; c++) {
		fprintf(out, "<%s%s>", tag, g->right[c] ? " class=\"n\"" : "");
		put_escaped(out, cells[c]);
		fprintf(out, "</%s>", tag);
	}
	fputs("</tr>\n", out);
}

static void html_notes(const struct grid *g, FILE *out)
{
	const char *line = g->notes;

	while (line && *line) {
		size_t len = strcspn(line, "\n");
		char *one = strndup(line, len);

		fputs("<p class=\"note\">", out);
		put_escaped(out, one ? one : "?");
		fputs("</p>\n", out);
		free(one);
		line += len + (line[len] == '\n');
	}
}

static void grid_html(const struct grid *g, FILE *out)
{
	fprintf(out, "<section%s>\n<h2>", g->n_columns > WIDE_COLUMNS ? " class=\"full\"" : "");
	put_escaped(out, g->title);
	fputs("</h2>\n", out);
	if (g->svg) {
		fputs("<figure role=\"img\" aria-label=\"", out);
		put_escaped(out, g->title);
		fprintf(out, "\">\n%s\n</figure>\n", g->svg);
	}
	if (grid_rows(g)) {
		fputs("<div class=\"wide\" tabindex=\"0\"><table>\n<thead>", out);
		html_line(g, g->names, "th", out);
		fputs("</thead>\n<tbody>\n", out);
		for (size_t row = 0; row < grid_rows(g); row++)
			html_line(g, g->cells + row * g->n_columns, "td", out);
		fputs("</tbody>\n</table></div>\n", out);
	}
	html_notes(g, out);
	fputs("</section>\n", out);
}

void grids_html(const struct grids *all, FILE *out)
{
	for (const struct grid *g = all->first; g; g = g->next)
		if (grid_rows(g) || g->notes)
			grid_html(g, out);
}

void grids_free(struct grids *all)
{
	struct grid *next;

	for (struct grid *g = all->first; g; g = next) {
		next = g->next;
		for (size_t c = 0; c < g->n_columns; c++)
			free(g->names[c]);
		for (size_t i = 0; i < g->n_cells; i++)
			if (g->cells[i] != no_memory)
				free(g->cells[i]);
		free(g->cells);
		free(g->title);
		free(g->notes);
		free(g->svg);
		free(g->data);
		free(g);
	}
	*all = (struct grids){ NULL, NULL };
}
