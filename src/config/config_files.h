/* config_files: the files that a run reads and writes, and that none of them harms another. */
#ifndef TFOMAP_CONFIG_FILES_H
#define TFOMAP_CONFIG_FILES_H

struct config;
struct err;

/*
 * By their names alone: whether what is to be written to standard output ("-") would meet the rows
 * there. 0, or -EINVAL with a message.
 */
int config_check_files(const struct config *c, struct err *e);

/*
 * Tries, before a run, that all files can be written which it would write, and that none of them is
 * another one of the run's, by whatever name, or locked by another run; leaves them as they are. 0,
 * or -errno with a message that names the option, or both.
 */
int config_try_outputs(const struct config *c, struct err *e);

#endif
