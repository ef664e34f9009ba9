/* config_idle: options that are given, and of no effect beside the others. */
#ifndef TFOMAP_CONFIG_IDLE_H
#define TFOMAP_CONFIG_IDLE_H

struct config;

/*
 * Logs a notice of each that is on the command line: what stands in a configuration file may be for
 * other runs. Once the log is open.
 */
void config_notice_idle(const struct config *c);

#endif
