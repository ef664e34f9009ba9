/* config_parse: a configuration from the command line and a file. */
#ifndef TFOMAP_CONFIG_PARSE_H
#define TFOMAP_CONFIG_PARSE_H

struct config;
struct err;

/*
 * Sets the defaults, then reads the configuration file (that of --config, else default_file, which
 * is also NULL or not there) and argv, which wins and stays as it was. 0, or -errno with a message
 * that names the option (and FILE:LINE), the value, what is wrong and what to try; then there is
 * nothing to free. Contradictions between options are found here as well (shard >= shards,
 * --report all with --rows reply, no target, ...). Where an option prints something that needs
 * no configuration, nothing else is looked at. Not thread-safe (getopt).
 */
int config_parse(struct config *c, int argc, char **argv, const char *default_file, struct err *e);
void config_free(struct config *c);

#endif
