/* targets_hash: whether two sets of targets are the same. */
#ifndef TFOMAP_TARGETS_HASH_H
#define TFOMAP_TARGETS_HASH_H

#include <stdint.h>

struct targets;

/*
 * SipHash-2-4, zero key, of all addresses and ports, in the order of their indices, and of what
 * lists say beside them. Main thread.
 */
uint64_t targets_hash(const struct targets *t);

#endif
