/* targets_load: inside of targets: how the set is filled. */
#ifndef TFOMAP_TARGETS_LOAD_H
#define TFOMAP_TARGETS_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "targets.h"

struct config;
struct err;

/* Fills *t, which is empty, from the configuration: targets_load() without the allocation. */
int targets_fill(struct targets *t, const struct config *c, struct err *e);

/* The place of port among the ports, 0..n_ports-1, in *rank; false: it is not among them. */
bool targets_port_rank(const struct targets *t, uint16_t port, uint32_t *rank);

#endif
