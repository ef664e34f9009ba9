/*
 * config_rig: command lines given as one text, for the tests of config. Words are separated by
 * single blanks; no configuration file of this machine is read.
 */
#ifndef UNIT_CONFIG_RIG_H
#define UNIT_CONFIG_RIG_H

#include <check.h>
#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "config/config_parse.h"
#include "config/config_show.h"
#include "err.h"

#define WORDS_MAX 32

static struct config config;
static struct err fault;

/* default_file: what stands in for CONFIG_FILE; NULL: none. */
static inline int parse_with(const char *args, const char *default_file)
{
	static char program[] = "tfomap", line[512];
	static char *words[WORDS_MAX];
	char *save = NULL;
	int argc = 1;

	fault.msg[0] = '\0';
	words[0] = program;
	ck_assert_uint_lt(strlen(args), sizeof(line));
	strcpy(line, args);
	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		ck_assert_int_lt(argc, WORDS_MAX - 1);
		words[argc++] = w;
	}
	words[argc] = NULL;
	return config_parse(&config, argc, words, default_file, &fault);
}

static inline void takes(const char *args)
{
	int err = parse_with(args, NULL);

	ck_assert_msg(err == 0, "%s: %s", args, fault.msg);
	ck_assert_str_eq(fault.msg, "");
}

/* Is refused in words that hold all of these. */
static inline void refuses(const char *args, const char *say, const char *say_too)
{
	ck_assert_msg(parse_with(args, NULL) < 0, "%s was taken", args);
	ck_assert_msg(strstr(fault.msg, say) && strstr(fault.msg, say_too),
		      "%s: '%s' does not say '%s' and '%s'", args, fault.msg, say, say_too);
}

/* What a function writes; the caller's to free. */
static inline char *written(void (*write)(FILE *))
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(f);
	write(f);
	fclose(f);
	return text;
}

static inline void write_config(FILE *f)
{
	config_print(&config, f);
}

#endif
