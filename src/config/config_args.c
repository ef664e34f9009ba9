#include "config/config_args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/config_options.h"
#include "config/config_set.h"
#include "err.h"

#define OPTION_FIRST	256	/* getopt's value of the first row; letters are below */

/* What getopt_long() wants to know of the options. */
struct args {
	struct option *longs;	/* one a row and the end */
	char *shorts;
};

static int args_alloc(struct args *a, struct err *e)
{
	char *s;

	a->longs = calloc(config_noptions + 1, sizeof(*a->longs));
	a->shorts = s = calloc(1, 2 * config_noptions + 2);
	if (!a->longs || !s)
		return err_set(e, ENOMEM, "out of memory");
	*s++ = ':';	/* a missing value is reported apart from an unknown option */
	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];
		bool flag = row->type == OPTTAB_FLAG;

		a->longs[i] = (struct option){ row->name, flag ? optional_argument
					       : required_argument, NULL, OPTION_FIRST + (int)i };
		if (row->letter) {
			*s++ = row->letter;
			if (!flag)
				*s++ = ':';
		}
	}
	*s = '\0';
	return 0;
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
static int option_refuse(int value, const char *word, struct err *e)
{
	size_t row = optopt ? option_row(optopt) : config_noptions;
	char name[64];

	if (value == ':' && row < config_noptions)
		return err_set(e, EINVAL, "--%s: a value is missing (%s)",
			       config_options[row].name, config_options[row].arg);
	if (optopt)
		return err_set(e, EINVAL, "unknown option -%c; --help shows what there is",
			       optopt);
	word += strspn(word, "-");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	if (option_meanings(name, strlen(name)) > 1)
		return err_set(e, EINVAL, "--%s is short for several options; --help shows them",
			       name);
	return config_refuse_name(name, "--", e);
}

static int option_take(size_t i, const char **given, struct err *e)
{
	const struct opttab_row *row = &config_options[i];

	/* The first value would be lost without a word, and it may be a blocklist. */
	if (given[i] && row->type != OPTTAB_FLAG)
		return err_set(e, EINVAL, "--%s is given twice; give it once", row->name);
	given[i] = optarg ? optarg : "true";
	return 0;
}

static int read_options(const struct args *a, int argc, char **argv, const char **given,
			struct err *e)
{
	int value, err = 0;

	opterr = 0;
	optind = 0;	/* start anew, glibc and musl alike */
	while (!err && (value = getopt_long(argc, argv, a->shorts, a->longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			err = option_refuse(value, argv[optind - 1], e);
		else
			err = option_take(option_row(value), given, e);
	}
	return err;
}

int config_read_args(struct config *c, int argc, char **argv, const char **given, struct err *e)
{
	struct args a;
	int err = args_alloc(&a, e);

	/* getopt_long() sorts its argv; the metadata shows the one that was typed. */
	c->targets.words = calloc((size_t)argc + 1, sizeof(*c->targets.words));
	if (!err && !c->targets.words)
		err = err_set(e, ENOMEM, "out of memory");
	if (!err) {
		memcpy(c->targets.words, argv, (size_t)argc * sizeof(*argv));
		err = read_options(&a, argc, c->targets.words, given, e);
	}
	free(a.longs);
	free(a.shorts);
	if (err)
		return err;
	/* The words that are no options are its end now. */
	c->targets.n = (size_t)(argc - optind);
	memmove(c->targets.words, c->targets.words + optind,
		c->targets.n * sizeof(*c->targets.words));
	c->targets.words[c->targets.n] = NULL;
	return 0;
}
