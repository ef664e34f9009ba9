#include "config/config_options.h"
#include "config_rig.h"
#include "scratch.h"
#include "unit.h"

#include <stdlib.h>

#define SAMPLE_FILE	"conf/tfomap.conf"	/* tests run in the project's root */

static bool is_asking(size_t row)
{
	return config_options[row].group == config_group_general;
}

/* Options that are not in a configuration file. */
static size_t n_asking(void)
{
	size_t n = 0;

	for (size_t i = 0; i < config_noptions; i++)
		n += is_asking(i);
	return n;
}

/* Reads a name at s, in which roff may have escaped the hyphens. */
static void read_name(const char *s, char *name, size_t cap)
{
	size_t n = 0;

	for (;; s++) {
		if (s[0] == '\\' && s[1] == '-')
			s++;
		if (n + 1 == cap || !(*s == '-' || (*s >= 'a' && *s <= 'z')
				      || (*s >= '0' && *s <= '9')))
			break;
		name[n++] = *s;
	}
	name[n] = '\0';
}

/* Two screens of 24 lines and 80 columns. */
TEST(help)
{
	char *text = written(config_help);
	size_t lines = 0;

	for (char *l = text; *l; l = strchr(l, '\n') + 1, lines++)
		ck_assert_msg(strcspn(l, "\n") < 80, "%.80s: too wide", l);
	ck_assert_uint_le(lines, 48);
	free(text);
}

/* Every row is whole: names are unique, and who reads of it learns what it does. */
TEST(table)
{
	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];

		ck_assert_uint_eq(opttab_find(config_options, config_noptions, row->name), i);
		if (row->letter)
			ck_assert_uint_eq(opttab_find_letter(config_options, config_noptions,
							     row->letter), i);
		ck_assert_msg((row->type == OPTTAB_FLAG) == !row->arg, "--%s: arg", row->name);
		ck_assert_msg(row->man && strlen(row->man) > 10, "--%s: man", row->name);
		ck_assert_msg(row->group, "--%s: group", row->name);
		ck_assert_msg(!row->help || strlen(row->help) <= 44, "--%s: help", row->name);
	}
}

static size_t visited;

static void visit_check(void *arg, const char *name, const char *value)
{
	const char *wanted = arg;

	visited++;
	ck_assert_uint_lt(opttab_find(config_options, config_noptions, name), config_noptions);
	if (strcmp(name, "target-ports") == 0)
		ck_assert_uint_eq(strlen(value), strlen(wanted));
	if (strcmp(name, "rate") == 0)
		ck_assert_str_eq(value, "10000");
	if (strcmp(name, "payload") == 0)
		ck_assert_str_eq(value, "auto");
	if (strcmp(name, "seed") == 0 || strcmp(name, "retries") == 0)
		ck_assert_str_eq(value, "");
}

/* The longest value there can be, every other port, is shown whole. */
TEST(visit)
{
	char *odd = malloc(6 * 65536), *end = odd;
	char *argv[] = { (char[]){ "tfomap" }, (char[]){ "-p" }, odd, (char[]){ "x" }, NULL };

	ck_assert_ptr_nonnull(odd);
	for (int port = 1; port <= 65535; port += 2)
		end += sprintf(end, "%s%d", port == 1 ? "" : ",", port);
	ck_assert_int_eq(config_parse(&config, 4, argv, NULL, NULL), 0);
	visited = 0;
	config_visit(&config, visit_check, odd);
	ck_assert_uint_eq(visited, config_noptions - n_asking());
	config_free(&config);
	free(odd);
}

/* The file that is installed is what the table says: `echo @SAMPLE@ | mkman` prints its options. */
TEST(sample_is_shipped)
{
	char *text = written(config_sample), *file, *options;
	FILE *f = fopen(SAMPLE_FILE, "r");
	size_t len = strlen(text);

	ck_assert_msg(f, "%s cannot be read", SAMPLE_FILE);
	file = calloc(1, 2 * len + 4096);
	ck_assert_uint_gt(fread(file, 1, 2 * len + 4095, f), len);
	fclose(f);
	options = strstr(file, "\n# ---- ");
	ck_assert_ptr_nonnull(options);
	ck_assert_str_eq(options, text);
	free(file);
	free(text);
}

/* Whether a line of the sample is an option with its default. */
static bool has_default(const char *line)
{
	char name[64];
	size_t row;

	if (line[0] != '#' || line[1] == ' ')
		return false;
	read_name(line + 1, name, sizeof(name));
	row = opttab_find(config_options, config_noptions, name);
	ck_assert_uint_lt(row, config_noptions);
	return config_options[row].def;
}

/* The configuration in force where that file is read. */
static char *in_force(const char *file)
{
	char args[64], *text;

	snprintf(args, sizeof(args), "x -C %s", file);
	takes(args);
	text = written(write_config);
	config_free(&config);
	return text;
}

/* The defaults that the sample shows are those that hold without it. */
TEST(sample_defaults)
{
	char *text = written(config_sample), *save = NULL, *a, *b;
	size_t n = 0;
	struct scratch f;
	FILE *out;

	scratch_text(&f, "");
	out = fopen(f.path, "w");
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (has_default(l)) {
			fprintf(out, "%s\n", l + 1);
			n++;
		}
	fclose(out);
	ck_assert_uint_gt(n, 10);
	a = in_force("/dev/null");
	b = in_force(f.path);
	ck_assert_str_eq(a, b);
	scratch_close(&f);
	free(a);
	free(b);
	free(text);
}

TEST(printed)
{
	char *text;

	takes("x -n 5% --payload text:a\r -q");
	text = written(write_config);
	ck_assert_ptr_nonnull(strstr(text, "\nmax-targets = 5%\n"));
	ck_assert_ptr_nonnull(strstr(text, "\npayload = \"text:a\\x0d\"\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nquiet = true\n"));
	ck_assert_ptr_nonnull(strstr(text, "\nverbosity = 1\n"));
	ck_assert_ptr_null(strstr(text, "seed"));	/* nothing given: left out */
	config_free(&config);
	free(text);
}
