/*
 * config_options: the one table of all options, a row each, that point into struct config: the
 * command line, the configuration file, --help, the manuals' tables, --print-config, the sample
 * configuration file and the shell completion come from it.
 */
#ifndef TFOMAP_CONFIG_OPTIONS_H
#define TFOMAP_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "opttab.h"

extern const struct opttab_row config_options[];
extern const size_t config_noptions;

/* Whether a run that goes on (--checkpoint) may have another value of the option. */
bool config_may_change(const char *name);

/* The group of options that belong on the command line only. */
extern const char config_group_general[];

#endif
