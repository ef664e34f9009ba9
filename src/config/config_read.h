/* config_read: inside of config: where options come from, and what is held against each other. */
#ifndef TFOMAP_CONFIG_READ_H
#define TFOMAP_CONFIG_READ_H

#include <stdbool.h>
#include <stddef.h>

struct config;
struct err;

/* Gives an option (by its row) a value, of which a copy is kept. 0, or -errno with a message. */
int config_set(struct config *c, size_t row, const char *value, struct err *e);

/* Whether the option of that long name was given, by command line or file. */
bool config_given(const struct config *c, const char *name);

/*
 * Reads the command line into c->targets.words and given[], one place a row: the value, in argv or
 * a literal; NULL: not given. 0, or -errno with a message.
 */
int config_read_args(struct config *c, int argc, char **argv, const char **given, struct err *e);

/*
 * Gives each option that the file names its value, over what it had. 0, or -errno with a message
 * that names FILE:LINE.
 */
int config_read_file(struct config *c, const char *path, struct err *e);

/* Why unknown is no option's name, and what may be meant; dashes: before names, "--" or "". */
int config_refuse_name(const char *unknown, const char *dashes, struct err *e);

/* Options that contradict each other. 0, or -EINVAL with a message. */
int config_check(const struct config *c, struct err *e);

/* Of those, files that would be written among the rows; config_try_outputs() looks at the rest. */
int config_check_files(const struct config *c, struct err *e);

#endif
