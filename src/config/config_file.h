/* config_file: the configuration file: `name value` or `name = value`, one option a line. */
#ifndef TFOMAP_CONFIG_FILE_H
#define TFOMAP_CONFIG_FILE_H

struct config;
struct err;

/*
 * Gives each option that the file names its value, over what it had. 0, or -errno with a message
 * that names FILE:LINE.
 */
int config_read_file(struct config *c, const char *path, struct err *e);

#endif
