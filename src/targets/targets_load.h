/* targets_load: inside of targets: how the set is filled. */
#ifndef TFOMAP_TARGETS_LOAD_H
#define TFOMAP_TARGETS_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "targets/targets.h"

struct config;
struct err;

/* Fills *t, which is empty, from the configuration: targets_load() without the allocation. */
int targets_fill(struct targets *t, const struct config *c, struct err *e);

/* The family's addresses, sealed, into out, which is empty. 0 or -ENOMEM. */
int targets_family(bool v6, struct prefixset *out);

/*
 * Before the set is indexed: pairs whose address is in out (sealed) go, and count in *counter,
 * which stays below 2^63. 0 or -ENOMEM.
 */
int targets_take_out(struct targets *t, const struct prefixset *out, uint64_t *counter);

/* After anything was taken out: counts what is left, by part and family. */
void targets_count(struct targets *t);

/* The place of port among the ports, 0..n_ports-1, in *rank; false: it is not among them. */
bool targets_port_rank(const struct targets *t, uint16_t port, uint32_t *rank);

#endif
