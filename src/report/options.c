#include "report/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "opttab.h"
#include "report/tables.h"

#define OPTION_FIRST 256	/* getopt's value of the first row; letters are below */

#define ROW(name_, letter_, type_, member_, group_, arg_, help_, man_) \
	{ .name = name_, .letter = letter_, .type = type_, .group = group_, .arg = arg_, \
	  .member = offsetof(struct options, member_), .help = help_, .man = man_ }

static const struct opttab_row rows[] = {
	ROW("metadata", 'm', OPTTAB_STRING, given, "rows", "FILE",
	    "metadata of FILE; once for each, in order",
	    "The metadata (--metadata-file of tfomap) of a FILE: once for each FILE, in their "
	    "order, those of --diff last. Without it they are looked for beside each FILE: "
	    "FILE.meta.json; then with .meta.json in place of .gz or .zst; then, without all "
	    "endings of FILE (.csv, .ndjson, .gz, ...), with .meta.json or .json in their place."),
	ROW("rounds", 0, OPTTAB_FLAG, rounds, "rows", NULL, "FILEs are runs one after the other",
	    "Each FILE is a run of its own of the same targets, in the order in which they "
	    "were: scans with one --cookie-file, for the lifetime of cookies. Without it the "
	    "FILEs are the shards of one scan."),
	ROW("allow-unsound", 0, OPTTAB_FLAG, allow_unsound, "rows", NULL,
	    "take runs that lost something",
	    "Take runs whose metadata say that they lost what can make verdicts wrong."),
	ROW("allow-partial", 0, OPTTAB_FLAG, allow_partial, "rows", NULL,
	    "take runs and shards that are not complete",
	    "Take runs that have not ended or were stopped, files that have not the number of "
	    "rows that their metadata say, and a scan that lacks some shards."),
	{ .name = "by",
	  .letter = 'b',
	  .type = OPTTAB_STRING,
	  .group = "tables",
	  .arg = "WHAT",
	  .member = offsetof(struct options, given),
	  .help = "also by port, source, domain, prefix/24",
	  .man = "A table of groups of rows: by port, source (the scanner's address), domain (the "
		 "registered name, by the Public Suffix List), or prefix/LENGTH: of IPv4 up to 32, "
		 "of "
		 "IPv6 above; the other family has 24 or 48. prefix/20/56 names both. May be given "
		 "several times." },
	{ .name = "top",
	  .type = OPTTAB_U64,
	  .group = "tables",
	  .arg = "N",
	  .def = "20",
	  .member = offsetof(struct options, top),
	  .help = "rows of a long table; 0: all",
	  .man = "How many rows a long table has: groups, routers, changes, targets that changed. "
	    "0: all." },
	ROW("diff", 0, OPTTAB_STRING, given, "tables", "OLD", "compare with the rows of OLD",
	    "Compare with an older scan: what changed verdict, both ways, what is new and what "
	    "is gone. May be given several times, for the shards of that scan."),
	ROW("join", 0, OPTTAB_FLAG, join, "tables", NULL, "compare two vantage points, FILEs A B",
	    "Compare two vantage points: exactly two FILEs, A and B; how far they agree, and "
	    "where they differ."),
	ROW("html", 0, OPTTAB_STRING, html, "output", "FILE", "write a page with tables and plots",
	    "Also write the tables and plots of them (gnuplot) as one page of HTML, which needs "
	    "nothing else."),
	ROW("title", 0, OPTTAB_STRING, title, "output", "TEXT", "heading of that page",
	    "The heading of the page."),
	ROW("db", 0, OPTTAB_STRING, db, "output", "FILE", "leave the SQLite database",
	    "Leave the database in FILE, see DATABASE. An older one is replaced; another file, "
	    "or another program's database, is not."),
	ROW("merge", 0, OPTTAB_STRING, merge, "output", "FILE", "write the union of the rows",
	    "Write the rows of all FILEs as one, with one header, and the sum of their metadata "
	    "to FILE.meta.json. All are CSV with the same columns, or all are ndjson. Columns "
	    "that this program does not know are kept. It is not packed: a FILE that ends in "
	    ".gz or .zst is refused, with what to type instead."),
	ROW("quiet", 'q', OPTTAB_FLAG, quiet, "output", NULL, "no progress on standard error",
	    "No progress on standard error."),
	ROW("help", 'h', OPTTAB_FLAG, help, "output", NULL, "this", "Show the options."),
	ROW("version", 'V', OPTTAB_FLAG, version, "output", NULL, "the version",
	    "Show the version."),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

void options_help(FILE *out)
{
	char line[OPTTAB_LINE_LEN];
	const char *group = "";

	fputs("usage: tfomap-report [OPTION]... FILE...\n"
	      "Tables of what tfomap found. FILEs are its rows: CSV or ndjson, packed by gzip or\n"
	      "zstd or not, - is standard input; several are the shards of one scan.\n\n", out);
	for (size_t i = 0; i < ROWS; i++) {
		opttab_help(&rows[i], 1, strcmp(rows[i].group, group) != 0, line);
		group = rows[i].group;
		fprintf(out, "%s\n", line);
	}
}

void options_roff(FILE *out)
{
	char text[2048];

	for (size_t i = 0; i < ROWS; i++) {
		opttab_roff(&rows[i], text, sizeof(text));
		fputs(text, out);
	}
}

static int add_word(const char ***list, size_t *n, const char *word, struct err *e)
{
	const char **v = realloc(*list, (*n + 1) * sizeof(*v));

	if (!v)
		return err_set(e, ENOMEM, "no memory for the command line");
	*list = v;
	v[(*n)++] = word;
	return 0;
}

/* Those that may be given several times. */
static int keep_given(struct options *o, const struct opttab_row *row, struct err *e)
{
	int err;

	if (strcmp(row->name, "metadata") == 0)
		return add_word(&o->metadata, &o->n_metadata, o->given, e);
	if (strcmp(row->name, "diff") == 0)
		return add_word(&o->others, &o->n_others, o->given, e);
	err = tables_check_by(o->given, e);
	return err ? err : add_word(&o->by, &o->n_by, o->given, e);
}

static int take(struct options *o, const struct opttab_row *row, const char *value, bool *given,
		struct err *e)
{
	bool again = row->member == offsetof(struct options, given);
	int err;

	if (*given && !again && row->type != OPTTAB_FLAG)
		return err_set(e, EINVAL, "--%s is given twice; give it once", row->name);
	*given = true;
	err = opttab_parse(row, o, value, e);
	if (!err && row->type == OPTTAB_STRING && value && !*value)
		return err_set(e, EINVAL, "--%s: a value is missing (%s)", row->name, row->arg);
	return err || !again ? err : keep_given(o, row, e);
}

static int refuse(int value, const char *word, struct err *e)
{
	const char *near;
	char name[64];
	size_t i = optopt >= OPTION_FIRST ? (size_t)(optopt - OPTION_FIRST)
		: opttab_find_letter(rows, ROWS, (char)optopt);

	if (value == ':' && i < ROWS)
		return err_set(e, EINVAL, "--%s: a value is missing (%s)", rows[i].name,
			       rows[i].arg);
	if (optopt && i < ROWS)
		return err_set(e, EINVAL, "--%s takes no value", rows[i].name);
	if (optopt)
		return err_set(e, EINVAL, "unknown option -%c; --help shows what there is", optopt);
	word += strspn(word, "-");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	near = opttab_nearest(rows, ROWS, name);
	if (near)
		return err_set(e, EINVAL, "unknown option --%s; did you mean --%s?", name, near);
	return err_set(e, EINVAL, "unknown option --%s; --help shows what there is", name);
}

static int read_words(struct options *o, int argc, char **argv, struct err *e)
{
	struct option longs[ROWS + 1] = { { NULL, 0, NULL, 0 } };
	char shorts[2 * ROWS + 2] = ":", *s = shorts + 1;
	bool given[ROWS] = { false };
	int value, err = 0;

	for (size_t i = 0; i < ROWS; i++) {
		bool flag = rows[i].type == OPTTAB_FLAG;

		longs[i] = (struct option){ rows[i].name, flag ? no_argument : required_argument,
					    NULL, OPTION_FIRST + (int)i };
		if (rows[i].letter) {
			*s++ = rows[i].letter;
			if (!flag)
				*s++ = ':';
		}
	}
	opterr = 0;
	while (!err && (value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		size_t i = value >= OPTION_FIRST ? (size_t)(value - OPTION_FIRST)
			: opttab_find_letter(rows, ROWS, (char)value);

		if (value == '?' || value == ':')
			err = refuse(value, argv[optind - 1], e);
		else
			err = take(o, &rows[i], optarg, &given[i], e);
	}
	for (int i = optind; i < argc && !err; i++)
		err = add_word(&o->files, &o->n_files, argv[i], e);
	return err;
}

static int check_stdin(const struct options *o, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_files; i++)
		n += strcmp(o->files[i], "-") == 0;
	for (size_t i = 0; i < o->n_others; i++)
		n += strcmp(o->others[i], "-") == 0;
	return n < 2 ? 0 : err_set(e, EINVAL, "standard input (-) is named twice; it can be read "
				   "once");
}

static int check(struct options *o, struct err *e)
{
	if (!o->n_files)
		return err_set(e, EINVAL, "no FILE of rows; give what tfomap -o wrote, or - for "
			       "standard input");
	if (o->join && (o->n_others || o->rounds || o->n_files != 2))
		return err_set(e, EINVAL,
			       "--join compares two FILEs, A and B, and goes with neither "
			       "--diff nor --rounds; --merge makes one FILE of shards");
	if (o->rounds && o->n_others)
		return err_set(e, EINVAL,
			       "--rounds goes with no --diff; compare two of the rounds");
	if (o->merge && (o->join || o->n_others || o->rounds))
		return err_set(e, EINVAL, "--merge is of the shards of one scan: without --join, "
			       "--diff and --rounds");
	if (o->title && !o->html)
		return err_set(e, EINVAL, "--title is that of a page; add --html FILE");
	if (o->n_metadata && o->n_metadata != o->n_files + o->n_others)
		return err_set(e, EINVAL,
			       "%zu times --metadata for %zu FILEs; give it for each, or "
			       "not at all",
			       o->n_metadata, o->n_files + o->n_others);
	return check_stdin(o, e);
}

int options_read(struct options *o, int argc, char **argv, struct err *e)
{
	int err;

	*o = (struct options){ .top = 20 };
	err = read_words(o, argc, argv, e);
	if (err || o->help || o->version)
		return err;
	err = check(o, e);
	if (!err && o->join) {
		err = add_word(&o->others, &o->n_others, o->files[0], e);
		o->files[0] = o->files[--o->n_files];
		/* Metadata are in the order of A and B. */
		if (o->n_metadata == 2) {
			const char *a = o->metadata[0];

			o->metadata[0] = o->metadata[1];
			o->metadata[1] = a;
		}
	}
	return err;
}

void options_free(struct options *o)
{
	free(o->files);
	free(o->others);
	free(o->metadata);
	free(o->by);
	*o = (struct options){ .top = 0 };
}
