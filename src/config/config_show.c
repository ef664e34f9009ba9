#include "config/config_show.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/config_options.h"
#include "confline.h"

#define COMMENT_COLUMNS	98	/* of the sample file, without the # and its blank */

static bool group_begins(size_t row)
{
	return row == 0 || config_options[row].group != config_options[row - 1].group;
}

void config_help(FILE *out)
{
	char line[OPTTAB_LINE_LEN];

	fputs("Usage: tfomap [OPTION]... [TARGET]...\n"
	      "TARGET: an address, a prefix, addr:port, [v6]:port, or the name of a host\n", out);
	for (size_t i = 0, n; i < config_noptions; i += n) {
		n = opttab_help(config_options + i, config_noptions - i, group_begins(i), line);
		fprintf(out, "%s\n", line);
	}
}

void config_roff(FILE *out)
{
	char entry[4096];

	for (size_t i = 0; i < config_noptions; i++) {
		const char *group = config_options[i].group;

		if (group_begins(i))
			fprintf(out, ".SS %c%s\n", group[0] - 'a' + 'A', group + 1);
		opttab_roff(&config_options[i], entry, sizeof(entry));
		fputs(entry, out);
	}
}

void config_roff_file(FILE *out)
{
	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];
		char name[64], arg[64], text[1024], roff[2048];

		if (row->group == config_group_general)
			continue;
		opttab_roff_text(row->name, name, sizeof(name));
		opttab_roff_text(row->arg ? row->arg : "", arg, sizeof(arg));
		opttab_summary(row, text, sizeof(text));
		opttab_roff_text(text, roff, sizeof(roff));
		fprintf(out, ".TP\n\\fB%s\\fR%s\\fI%s\\fR\n%s\n", name,
			row->arg ? " = " : "", arg, roff);
		if (!row->def)
			continue;
		opttab_roff_text(row->def, roff, sizeof(roff));
		fprintf(out, "Default: %s.\n", roff);
	}
}

/* The text as lines of a comment. */
static void write_comment(FILE *out, const char *text)
{
	while (*text) {
		size_t len = strlen(text), end = len;

		if (len > COMMENT_COLUMNS)
			for (end = COMMENT_COLUMNS; end > 0 && text[end] != ' '; end--)
				;
		end = end ? end : len;
		fprintf(out, "# %.*s\n", (int)end, text);
		text += end + (end < len);
	}
}

void config_sample(FILE *out)
{
	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];
		char text[1024], line[128];

		if (row->group == config_group_general)
			continue;
		if (group_begins(i))
			fprintf(out, "\n# ---- %s\n", row->group);
		opttab_summary(row, text, sizeof(text));
		fputs("\n", out);
		write_comment(out, text);
		if (row->arg)
			confline_format(row->name, row->def ? row->def : row->arg, line,
					sizeof(line));
		fprintf(out, "#%s\n", row->arg ? line : row->name);
	}
}

void config_roff_changing(FILE *out)
{
	const char *before = NULL;

	for (size_t i = 0; i <= config_noptions; i++) {
		char name[64];

		if (i < config_noptions && !config_options[i].may_change)
			continue;
		if (before) {
			opttab_roff_text(before, name, sizeof(name));
			fprintf(out, ".BR \\-\\-%s %c\n", name, i < config_noptions ? ',' : '.');
		}
		before = i < config_noptions ? config_options[i].name : NULL;
	}
}

void config_visit(const struct config *c, config_visit_fn *visit, void *arg)
{
	/* The longest value is a list of every other port. */
	const size_t len = 6 * UINT16_MAX;
	char *value = malloc(len);

	for (size_t i = 0; value && i < config_noptions; i++) {
		if (config_options[i].group == config_group_general)
			continue;
		opttab_format(&config_options[i], c, value, len);
		visit(arg, config_options[i].name, value);
	}
	free(value);
}

static void print_option(void *arg, const char *name, const char *value)
{
	size_t len = confline_format(name, value, NULL, 0) + 1;
	char *line = *value ? malloc(len) : NULL;

	if (!line)
		return;
	confline_format(name, value, line, len);
	fprintf(arg, "%s\n", line);
	free(line);
}

void config_print(const struct config *c, FILE *out)
{
	config_visit(c, print_option, out);
}
