/* config_check: options that contradict each other. */
#ifndef TFOMAP_CONFIG_CHECK_H
#define TFOMAP_CONFIG_CHECK_H

struct config;
struct err;

/* 0, or -EINVAL with a message. */
int config_check(const struct config *c, struct err *e);

#endif
