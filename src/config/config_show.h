/* config_show: the options and their values as text of all kinds, from the option table. */
#ifndef TFOMAP_CONFIG_SHOW_H
#define TFOMAP_CONFIG_SHOW_H

#include <stdio.h>

struct config;

/* --help: all options by group, 80 columns. */
void config_help(FILE *out);

/* --print-config: a configuration file of the same options. */
void config_print(const struct config *c, FILE *out);

/* A configuration file of all options, commented out: each with its default, or what it takes. */
void config_sample(FILE *out);

/* The options for tfomap(8), and for tfomap.conf(5): roff, .TP entries, the former by group. */
void config_roff(FILE *out);
void config_roff_file(FILE *out);

/* Those that may change when a run goes on (--checkpoint): roff, one sentence's list. */
void config_roff_changing(FILE *out);

/*
 * Every option that a configuration file can have (all but the general ones) by its long
 * name with the value in force, in the words that the option takes; flags "true" or "false"; ""
 * where nothing was given.
 */
typedef void config_visit_fn(void *arg, const char *name, const char *value);
void config_visit(const struct config *c, config_visit_fn *visit, void *arg);

#endif
