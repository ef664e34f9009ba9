#include "report/grid.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static char *text_of(const struct grids *all, void (*write)(const struct grids *all, FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	write(all, out);
	fclose(out);
	return text;
}

TEST(columns_are_aligned)
{
	struct grids all = { NULL, NULL };
	struct grid *g = grid_add(&all, "Title", "word|>n");
	char *text;

	grid_cell(g, "\xc3\xa4\xc3\xb6");
	grid_cell(g, "%d", 5);
	grid_cell(g, "longer");
	grid_cell(g, "100");
	grid_note(g, "A note.");
	ck_assert_uint_eq(grid_rows(g), 2);
	text = text_of(&all, grids_print);
	ck_assert_str_eq(text, "Title\n\nword      n\n\xc3\xa4\xc3\xb6        5\nlonger  100\n\n"
			 "A note.\n");
	free(text);
	grids_free(&all);
}

TEST(a_terminal_is_not_told_to_act)
{
	struct grids all = { NULL, NULL };
	struct grid *g = grid_add(&all, "Title", "word");
	char *text;

	grid_cell(g, "a\033[31mb\nc");
	text = text_of(&all, grids_print);
	ck_assert_ptr_nonnull(strstr(text, "a?[31mb?c\n"));
	free(text);
	grids_free(&all);
}

TEST(long_heads_are_numbers)
{
	struct grids all = { NULL, NULL };
	struct grid *g = grid_add(&all, "Title", "old \\ new");
	char *text;

	for (int c = 1; c < 20; c++)
		grid_add_column(g, "acceptance-blocked", true);
	for (int c = 0; c < 20; c++)
		grid_cell(g, "%d", 100 + c);
	text = text_of(&all, grids_print);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		ck_assert_uint_le(strcspn(line, "\n"), 132);
	ck_assert_ptr_nonnull(strstr(text, "old \\ new   (1)   (2)"));
	ck_assert_ptr_nonnull(strstr(text, "(19) acceptance-blocked\n"));
	free(text);
	text = text_of(&all, grids_html);
	ck_assert_ptr_nonnull(strstr(text, "<section class=\"full\">"));
	ck_assert_ptr_nonnull(strstr(text, ">acceptance-blocked</th>"));
	free(text);
	grids_free(&all);
}

TEST(what_is_empty_is_not_on_the_page)
{
	struct grids all = { NULL, NULL };
	char *text;

	ck_assert_ptr_nonnull(grid_add(&all, "Warnings", ""));
	text = text_of(&all, grids_html);
	ck_assert_str_eq(text, "");
	free(text);
	grids_free(&all);
}

TEST(html_is_escaped)
{
	struct grids all = { NULL, NULL };
	struct grid *g = grid_add(&all, "<&\"'>", "a");
	char *text;

	grid_cell(g, "<script>\xff");
	grid_note(g, "</p>");
	text = text_of(&all, grids_html);
	ck_assert_ptr_nonnull(strstr(text, "<h2>&lt;&amp;&quot;&#39;&gt;</h2>"));
	ck_assert_ptr_nonnull(strstr(text, "<td>&lt;script&gt;\xef\xbf\xbd</td>"));
	ck_assert_ptr_nonnull(strstr(text, "&lt;/p&gt;"));
	free(text);
	grids_free(&all);
}

TEST(a_share_of_nothing)
{
	struct grids all = { NULL, NULL };
	struct grid *g = grid_add(&all, "Title", GRID_SHARE);

	grid_share(g, 0, 0);
	grid_share(g, 1, 4);
	ck_assert_str_eq(g->cells[0], "-");
	ck_assert_str_eq(g->cells[2], "25.00 %");
	ck_assert_str_eq(g->cells[3], "4.56 .. 69.94");
	grids_free(&all);
}
