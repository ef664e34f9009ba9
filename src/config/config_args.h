/* config_args: the command line, read by getopt_long() from the option table. */
#ifndef TFOMAP_CONFIG_ARGS_H
#define TFOMAP_CONFIG_ARGS_H

struct config;
struct err;

/*
 * Reads the command line into c->targets.words and given[], one place a row: the value, in argv or
 * a literal; NULL: not given. 0, or -errno with a message.
 */
int config_read_args(struct config *c, int argc, char **argv, const char **given, struct err *e);

#endif
