/*
 * tails: the windows of a part's senders: where their tails and floors are. Under the part's lock.
 */
#ifndef TFOMAP_TAILS_H
#define TFOMAP_TAILS_H

#include <stdbool.h>
#include <stdint.h>

struct rows;
struct shared;

/*
 * Positions whose last attempt had its time-out by read_ns are retired; silent ones get their
 * rows, where asked for, so many at a time. False: there were none.
 */
bool tails_retire(struct shared *s, unsigned int part, struct rows *rows, uint64_t read_ns);

/* After that: frees probe slots (window_recycle()). */
void tails_recycle(struct shared *s, unsigned int part, uint64_t read_ns);

/* Whether some position of the sweep may still be answered in time. */
bool tails_any_awaited(const struct shared *s, unsigned int part);

/* Silent positions that were started and may be answered in time. */
uint64_t tails_count_awaited(const struct shared *s, unsigned int part, uint64_t read_ns);

#endif
