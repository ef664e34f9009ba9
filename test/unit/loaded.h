/* A configuration of targets and what comes of it, for the tests of targets. */
#ifndef UNIT_LOADED_H
#define UNIT_LOADED_H

#include <check.h>
#include <stdlib.h>

#include "config/config.h"
#include "err.h"
#include "scratch.h"
#include "targets/targets.h"
#include "targets/targets_load.h"
#include "targets/targets_sets.h"

#define WORDS_MAX 64
#define FILES_MAX 3

static struct config config;
static char *words[WORDS_MAX];
static uint16_t ports[UINT16_MAX];
static struct targets *targets;
static const struct targets_counts *counts;
static struct scratch files[FILES_MAX];
static size_t n_files;

static inline void open_config(void)
{
	config = (struct config){ .targets.words = words, .targets.no_default_blocklist = true };
	config.targets.ports.v = ports;
	config.targets.ports.n = 1;
	ports[0] = 443;
	targets = NULL;
	n_files = 0;
}

static inline void reset(void)
{
	targets_free(targets);
	for (size_t i = 0; i < config.targets.n; i++)
		free(words[i]);
	for (size_t i = 0; i < n_files; i++)
		scratch_close(&files[i]);
	open_config();
}

static inline void word(const char *w)
{
	ck_assert_uint_lt(config.targets.n, WORDS_MAX);
	words[config.targets.n++] = strdup(w);
}

static inline const char *file(const char *content)
{
	ck_assert_uint_lt(n_files, FILES_MAX);
	scratch_text(&files[n_files], content);
	return files[n_files++].path;
}

static inline void load_found(struct targetlist *found)
{
	struct err e = { "" };

	ck_assert_msg(targets_load(&targets, &config, found, &e) == 0, "%s", e.msg);
	counts = targets_counts(targets);
	ck_assert_uint_eq(counts->total, counts->from_prefixes + counts->from_list);
}

static inline void load(void)
{
	load_found(NULL);
}

#endif
