/* config_set: the value of one option, by its row of the table. */
#ifndef TFOMAP_CONFIG_SET_H
#define TFOMAP_CONFIG_SET_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct err;

/* Gives an option (by its row) a value, of which a copy is kept. 0, or -errno with a message. */
int config_set(struct config *c, size_t row, const char *value, struct err *e);

/* Whether the option of that long name was given, by command line or file. */
bool config_given(const struct config *c, const char *name);

/* Why unknown is no option's name, and what may be meant; dashes: before names, "--" or "". */
int config_refuse_name(const char *unknown, const char *dashes, struct err *e);

#endif
