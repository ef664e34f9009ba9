#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_options.h"
#include "err.h"
#include "log.h"

#define OPTION_FIRST	256	/* getopt's value of the first row; letters are below */

/* A command line being read. */
struct parsing {
	struct config *c;
	struct err *e;
	struct option *longs;	/* of getopt_long, one a row and the end */
	char *shorts;
	bool *given;		/* by row */
};

static bool given(const struct parsing *p, const char *name)
{
	return p->given[opttab_find(config_options, config_noptions, name)];
}

/* Strings that getopt_long() wants. */
static void parsing_tables(struct parsing *p)
{
	char *s = p->shorts;

	*s++ = ':';	/* tell a missing value from an unknown option */
	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];
		bool value = row->type != OPTTAB_FLAG;

		p->longs[i] = (struct option){ row->name, value ? required_argument : no_argument,
					       NULL, OPTION_FIRST + (int)i };
		if (row->letter) {
			*s++ = row->letter;
			if (value)
				*s++ = ':';
		}
	}
	*s = '\0';
}

static int parsing_alloc(struct parsing *p)
{
	p->longs = calloc(config_noptions + 1, sizeof(*p->longs));
	p->shorts = calloc(1, 2 * config_noptions + 2);
	p->given = calloc(config_noptions, sizeof(*p->given));
	if (!p->longs || !p->shorts || !p->given)
		return err_set(p->e, ENOMEM, "out of memory");
	parsing_tables(p);
	return 0;
}

static void parsing_free(struct parsing *p)
{
	free(p->longs);
	free(p->shorts);
	free(p->given);
}

/* The row of getopt's value; config_noptions: none. */
static size_t option_row(int value)
{
	if (value >= OPTION_FIRST)
		return (size_t)(value - OPTION_FIRST);
	return opttab_find_letter(config_options, config_noptions, (char)value);
}

/* How many options the word could be short for. */
static size_t option_meanings(const char *name, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < config_noptions; i++)
		n += strncmp(config_options[i].name, name, len) == 0;
	return n;
}

/* Says why getopt_long() took no option: value is what it returned, word where it stopped. */
static int option_refuse(struct parsing *p, int value, const char *word)
{
	size_t row = optopt ? option_row(optopt) : config_noptions;
	const char *nearest;
	char name[64];

	if (value == ':' && row < config_noptions)
		return err_set(p->e, EINVAL, "--%s: a value is missing (%s)",
			       config_options[row].name, config_options[row].arg);
	if (optopt >= OPTION_FIRST)
		return err_set(p->e, EINVAL, "--%s takes no value", config_options[row].name);
	if (optopt)
		return err_set(p->e, EINVAL, "unknown option -%c; --help shows what there is",
			       optopt);
	word += strspn(word, "-");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	if (option_meanings(name, strlen(name)) > 1)
		return err_set(p->e, EINVAL, "--%s is short for several options; --help shows them",
			       name);
	nearest = opttab_nearest(config_options, config_noptions, name);
	if (nearest)
		return err_set(p->e, EINVAL, "unknown option --%s; did you mean --%s?", name,
			       nearest);
	return err_set(p->e, EINVAL, "unknown option --%s; --help shows what there is", name);
}

static int option_take(struct parsing *p, const struct opttab_row *row)
{
	bool *seen = &p->given[row - config_options];

	/* The first value would be lost without a word, and it may be a blocklist. */
	if (*seen && row->type != OPTTAB_FLAG)
		return err_set(p->e, EINVAL, "--%s is given twice; give it once", row->name);
	*seen = true;
	return opttab_parse(row, p->c, optarg, p->e);
}

static int parse_options(struct parsing *p, int argc, char **argv)
{
	int value, err;

	opterr = 0;
	optind = 0;	/* start anew, glibc and musl alike */
	while ((value = getopt_long(argc, argv, p->shorts, p->longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return option_refuse(p, value, argv[optind - 1]);
		err = option_take(p, &config_options[option_row(value)]);
		if (err)
			return err;
	}
	return 0;
}

static int config_defaults(struct config *c, struct err *e)
{
	c->retries = CONFIG_RETRIES_AUTO;
	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];
		int err = row->def ? opttab_parse(row, c, row->def, e) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int read_payload_file(struct config *c, const char *name, struct err *e)
{
	uint8_t bytes[PAYLOAD_MAX + 1];	/* one more, so that a longer file shows */
	FILE *f = fopen(name, "rbe");
	size_t len;
	int err;

	if (!f)
		return err_set(e, EINVAL, "--payload file:%.200s: %s", name, strerror(errno));
	len = fread(bytes, 1, sizeof(bytes), f);
	err = ferror(f) ? errno : 0;
	fclose(f);
	if (err)
		return err_set(e, EINVAL, "--payload file:%.200s: %s", name, strerror(err));
	if (payload_set_bytes(&c->payload, bytes, len, e)) {
		err_prefix(e, "%.200s: ", name);
		return -EINVAL;
	}
	return 0;
}

static int check_shards(const struct parsing *p)
{
	const struct config *c = p->c;

	if (given(p, "shard") && !given(p, "shards"))
		return err_set(p->e, EINVAL, "--shard %u: of how many? Give --shards too",
			       c->shard);
	if (c->shard >= c->shards)
		return err_set(p->e, EINVAL, "--shard %u: the %u shards are numbered 0 to %u",
			       c->shard, c->shards, c->shards - 1);
	if (c->shards > 1 && !c->seed_set)
		return err_set(p->e, EINVAL, "--shards %u: give --seed, the same for all shards, "
			       "or some targets are probed twice and others never", c->shards);
	return 0;
}

static int check_rx_file(const struct parsing *p)
{
	const struct config *c = p->c;

	if (!c->rx_file)
		return 0;
	if (given(p, "tx"))
		return err_set(p->e, EINVAL, "--rx pcap:%.100s with --tx: reading a capture sends "
			       "nothing; leave --tx out", c->rx_file);
	if (c->save_pcap)
		return err_set(p->e, EINVAL, "--rx pcap:%.100s with --save-pcap: there is nothing "
			       "new to save; leave --save-pcap out", c->rx_file);
	if (!c->key_set)
		return err_set(p->e, EINVAL, "--rx pcap:%.100s: its answers can only be told with "
			       "the key of that run; give --key (it is in that run's "
			       "--metadata-file)", c->rx_file);
	return 0;
}

struct named_file {
	const char *option, *name;
	bool in;
};

/* Whether two files are the same one, and one of them would be written over. */
static bool files_clash(const struct named_file *a, const struct named_file *b)
{
	if (!a->name || !b->name || (a->in && b->in) || strcmp(a->name, b->name) != 0)
		return false;
	/* "-" is standard input for one and standard output for the other. */
	return a->in == b->in ? strcmp(a->name, "/dev/null") != 0 : strcmp(a->name, "-") != 0;
}

static int check_files(const struct parsing *p)
{
	const struct config *c = p->c;
	const struct named_file files[] = {
		{ "--targets-file", c->targets_file, true },
		{ "--allowlist-file", c->allowlist_file, true },
		{ "--blocklist-file", c->blocklist_file, true },
		{ "--rx pcap:", c->rx_file, true },
		{ "--output-file", c->output_file, false },
		{ "--metadata-file", c->metadata_file, false },
		{ "--log-file", c->log_file, false },
		{ "--save-pcap", c->save_pcap, false },
		{ "--tx pcap:", c->tx_file, false },
		{ "--cookie-file", c->cookie_file, false },
	};
	const size_t n = sizeof(files) / sizeof(files[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (files_clash(&files[k], &files[i]))
				return err_set(p->e, EINVAL, "%s and %s both name %.200s, which "
					       "would be overwritten; name another file",
					       files[k].option, files[i].option, files[i].name);
	return 0;
}

static int check_output(const struct parsing *p)
{
	const struct config *c = p->c;

	if (c->rows == ROWS_REPLY && c->report == REPORT_ALL)
		return err_set(p->e, EINVAL, "--report all with --rows reply: a silent target has "
			       "no reply; use --rows target");
	if (c->log_file && strcmp(c->log_file, "-") == 0)
		return err_set(p->e, EINVAL, "--log-file -: standard output is for rows; without "
			       "--log-file messages go to standard error");
	return check_files(p);
}

static int check_targets(const struct parsing *p)
{
	const struct config *c = p->c;

	if (c->ntargets || c->allowlist_file || c->targets_file)
		return 0;
	return err_set(p->e, EINVAL, "no targets: name addresses or prefixes, a file of prefixes "
		       "(--allowlist-file), or a server list (--targets-file)");
}

/* Keeps the words that getopt_long() moved to the end of the copied argv, at its beginning. */
static void keep_targets(struct config *c, int argc)
{
	c->ntargets = (size_t)(argc - optind);
	memmove(c->targets, c->targets + optind, c->ntargets * sizeof(*c->targets));
	c->targets[c->ntargets] = NULL;
}

static bool config_asks(const struct config *c)
{
	return c->help || c->version || c->list_output_fields || c->list_probes || c->list_verdicts;
}

static int config_read(struct parsing *p, int argc, char **argv)
{
	struct config *c = p->c;
	int err = config_defaults(c, p->e);

	if (err)
		return err;
	/* getopt_long() sorts its argv; the metadata shows the one that was typed. */
	c->targets = calloc((size_t)argc + 1, sizeof(*c->targets));
	if (!c->targets)
		return err_set(p->e, ENOMEM, "out of memory");
	memcpy(c->targets, argv, (size_t)argc * sizeof(*argv));
	err = parse_options(p, argc, c->targets);
	if (err)
		return err;
	keep_targets(c, argc);
	if (c->quiet && c->verbosity > LOG_WARN)
		c->verbosity = LOG_WARN;
	if (config_asks(c))
		return 0;
	if (strncmp(c->payload_text, "file:", 5) == 0)
		err = read_payload_file(c, c->payload_text + 5, p->e);
	if (!err)
		err = check_targets(p);
	if (!err)
		err = check_shards(p);
	if (!err)
		err = check_rx_file(p);
	if (!err)
		err = check_output(p);
	return err;
}

int config_parse(struct config *c, int argc, char **argv, struct err *e)
{
	struct parsing p = { .c = c, .e = e };
	int err;

	*c = (struct config){ .argc = argc, .argv = argv };
	err = parsing_alloc(&p);
	if (!err)
		err = config_read(&p, argc, argv);
	parsing_free(&p);
	if (err)
		config_free(c);
	return err;
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < config_noptions; i++)
		opttab_free(&config_options[i], c);
	free(c->targets);
	c->targets = NULL;
	c->ntargets = 0;
}

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

void config_visit(const struct config *c, config_visit_fn *visit, void *arg)
{
	/* The longest value is a list of every other port. */
	const size_t len = 6 * UINT16_MAX;
	char *value = malloc(len);

	for (size_t i = 0; value && i < config_noptions; i++) {
		if (config_options[i].group == config_group_ask)
			continue;
		opttab_format(&config_options[i], c, value, len);
		visit(arg, config_options[i].name, value);
	}
	free(value);
}
