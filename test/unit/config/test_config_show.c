#include "config/config_options.h"
#include "config_rig.h"
#include "scratch.h"
#include "unit.h"

#include <stdlib.h>

#define SAMPLE_FILE	"conf/tfomap.conf"	/* tests run in the project's root */

static bool is_asking(size_t row)
{
	return config_options[row].group == config_group_ask;
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

/* What follows `before` in the text is an option's name, wherever that is, and all are there. */
static void names_all(void (*write)(FILE *), const char *before, bool asking)
{
	char *text = written(write), name[64];
	bool *seen = calloc(config_noptions, sizeof(*seen));

	for (const char *s = text; (s = strstr(s, before));) {
		size_t row;

		s += strlen(before);
		read_name(s, name, sizeof(name));
		if (!name[0])
			continue;
		row = opttab_find(config_options, config_noptions, name);
		ck_assert_msg(row < config_noptions, "'%.20s' is no option", s);
		ck_assert_msg(asking || !is_asking(row), "%s does not belong here", name);
		seen[row] = true;
	}
	for (size_t i = 0; i < config_noptions; i++)
		ck_assert_msg(seen[i] || (!asking && is_asking(i)), "%s is missing",
			      config_options[i].name);
	free(seen);
	free(text);
}

/* Help, manuals, sample and completion: one set of options. */
TEST(same_set)
{
	names_all(config_help, " --", true);
	names_all(config_roff, "\\fB\\-\\-", true);
	names_all(config_roff_file, ".TP\n\\fB", false);
	names_all(config_sample, "\n#", false);
	names_all(config_completion, "[--", true);
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

TEST(one_entry_each)
{
	char *roff = written(config_roff), *file = written(config_roff_file);

	ck_assert_uint_eq(count(roff, ".TP\n"), config_noptions);
	ck_assert_uint_eq(count(file, ".TP\n"), config_noptions - n_asking());
	ck_assert_uint_eq(count(file, "\n."), count(file, "\n.TP\n"));
	free(roff);
	free(file);
}

/* A screen and a half of 80 columns. */
TEST(help)
{
	char *text = written(config_help);
	size_t lines = 0;

	for (char *l = text; *l; l = strchr(l, '\n') + 1, lines++)
		ck_assert_msg(strcspn(l, "\n") < 80, "%.80s: too wide", l);
	ck_assert_uint_le(lines, 46);
	free(text);
}

TEST(manual)
{
	char *text = written(config_roff);

	ck_assert(strncmp(text, ".SS Targets\n.TP\n", 16) == 0);
	ck_assert_ptr_nonnull(strstr(text, "\\fB\\-\\-target\\-ports\\fR \\fILIST\\fR\n"));
	for (const char *s = text; (s = strstr(s, "\n.")); s++)
		ck_assert_msg(strncmp(s, "\n.TP\n", 5) == 0 || strncmp(s, "\n.SS ", 5) == 0,
			      "%.40s: not meant as a request", s + 1);
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

/* What is printed can be given back, and is then printed again. */
static const char *const print_fixed_point_args[] = {
	"x", "-B 2M", "-n 0.7% -q --no-header --no-default-blocklist",
	"-p 1-5,80 -e 9 -S 192.0.2.1,::1 -r 0.25 -c 1.5 --tx pcap:f -O ndjson --retries 3",
	"--rx pcap:cap --key 00112233445566778899aabbccddeeff -f * -p *",
	"-w a -b b -I - -n 5G --shards 4 --shard 3 -e 18446744073709551615 --rows reply",
	"--payload text:a#b\\\"\r\n\xff -G 02:00:00:00:00:01 -t 0.1 --notes #1 -v 0",
	"--timeout 0.123456789 --save-pcap \" -m c\t -u d -l e -o - -N 3 -s 5-60000",
};

TEST_EACH(print_fixed_point, print_fixed_point_args)
{
	char line[256], *first, *again;
	struct scratch f;

	snprintf(line, sizeof(line), "%s --print-config", *row);
	takes(line);
	first = written(write_config);
	config_free(&config);
	scratch_text(&f, first);
	snprintf(line, sizeof(line), "-C %s --print-config", f.path);
	takes(line);
	again = written(write_config);
	ck_assert_str_eq(first, again);
	config_free(&config);
	scratch_close(&f);
	free(first);
	free(again);
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
