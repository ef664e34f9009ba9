#include "completion.h"

#include <string.h>

#include "config/config_options.h"
#include "output/result_fields.h"
#include "text.h"
#include "verdict.h"

#define VALUES_LEN	2048
#define SUMMARY_LEN	1024

static void add_fields(struct text *t)
{
	for (size_t i = 0; i < result_nfields; i++) {
		size_t first = 0;

		while (strcmp(result_fields[first].name, result_fields[i].name) != 0)
			first++;
		if (first == i)
			text_add(t, " %s", result_fields[i].name);
	}
}

static void add_verdicts(struct text *t)
{
	for (unsigned int i = 0; i < VERDICTS; i++)
		text_add(t, " %s", verdict_types[i].name);
}

/* What a value can be. The table has no words for those that another table has: arg names it. */
static void values_of(const struct opttab_row *row, char out[static VALUES_LEN])
{
	char words[VALUES_LEN];
	const char *arg = row->arg && !row->words ? row->arg : "";
	struct text t;

	opttab_values(row, " ", words, sizeof(words));
	text_init(&t, out, VALUES_LEN);
	if (strcmp(arg, "FIELDS") == 0 || strcmp(arg, "VERDICTS") == 0)
		text_add(&t, "LIST");
	else
		text_add(&t, "%s%s", row->type == OPTTAB_WORDS ? "LIST " : "", words);
	if (strcmp(arg, "FIELDS") == 0)
		add_fields(&t);
	if (strcmp(arg, "VERDICTS") == 0)
		add_verdicts(&t);
}

/* Whether a shell can offer anything. */
static bool can_be_offered(const char *values)
{
	static const char *const names[] = { "FILE", "IFACE", "USER" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(values, names[i]) == 0)
			return true;
	return strncmp(values, "LIST ", 5) == 0 || (values[0] >= 'a' && values[0] <= 'z');
}

/* How the manual's text begins: its first sentence, up to where that goes into particulars. */
static void summary_of(const struct opttab_row *row, char out[static SUMMARY_LEN])
{
	static const char *const ends[] = { ". ", ": ", "; ", " (" };
	size_t len;

	opttab_summary(row, out, SUMMARY_LEN);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char *end = strstr(out, ends[i]);

		if (end)
			*end = '\0';
	}
	len = strlen(out);
	if (len && out[len - 1] == '.')
		out[len - 1] = '\0';
}

/* The text, with `with` before each of these characters. */
static void put_escaped(FILE *out, const char *text, const char *chars, const char *with)
{
	for (; *text; text++)
		fprintf(out, "%s%c", strchr(chars, *text) ? with : "", *text);
}

void completion_bash(FILE *out)
{
	char values[VALUES_LEN];

	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];

		values_of(row, values);
		fputc('\t', out);
		if (row->letter)
			fprintf(out, "[-%c]='%s' ", row->letter, values);
		fprintf(out, "[--%s]='%s'\n", row->name, values);
	}
}

/* Between brackets, and within single quotes, which a single quote has to leave. */
static void put_zsh(FILE *out, const char *text)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fprintf(out, "%s%c", strchr("[]\\:", *text) ? "\\" : "", *text);
}

void completion_zsh(FILE *out)
{
	char values[VALUES_LEN], summary[SUMMARY_LEN];

	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];
		const char *name = row->name;

		values_of(row, values);
		summary_of(row, summary);
		if (row->letter)
			fprintf(out, "\t'(-%c --%s)'{-%c%s,--%s%s}'[", row->letter, name,
				row->letter, row->arg ? "+" : "", name, row->arg ? "=" : "");
		else
			fprintf(out, "\t'--%s%s[", name, row->arg ? "=" : "");
		put_zsh(out, summary);
		fputc(']', out);
		if (row->arg)
			fprintf(out, ":%s:", name);
		if (can_be_offered(values)) {
			fputs(" _tfomap_value ", out);
			put_escaped(out, values, ":", "\\");
		}
		fputs("'\n", out);
	}
}

void completion_fish(FILE *out)
{
	char values[VALUES_LEN], summary[SUMMARY_LEN];

	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];

		values_of(row, values);
		summary_of(row, summary);
		fputs("complete -c tfomap", out);
		if (row->letter)
			fprintf(out, " -s %c", row->letter);
		fprintf(out, " -l %s -d '", row->name);
		put_escaped(out, summary, "'\\", "\\");
		fputc('\'', out);
		if (strcmp(values, "FILE") == 0)
			fputs(" -r -F", out);
		else if (row->arg)
			fputs(" -x", out);
		if (strcmp(values, "FILE") != 0 && can_be_offered(values))
			fprintf(out, " -a '(__tfomap_value %s)'", values);
		fputc('\n', out);
	}
}
