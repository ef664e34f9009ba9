/*
 * kernel_queues: where the running kernel keeps the state of an interface's transmit queues, as its
 * type information (BTF) has it. Main thread.
 */
#ifndef TFOMAP_KERNEL_QUEUES_H
#define TFOMAP_KERNEL_QUEUES_H

#include <stdbool.h>

struct sweep_queues;

/* False, and all zero: it does not say. */
bool kernel_queues_find(struct sweep_queues *out);

#endif
