/* figures: times, numbers and shares as people read them. Each adds to a text. Any thread. */
#ifndef TFOMAP_FIGURES_H
#define TFOMAP_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

struct text;

/* 0:05, 1:02:03, 1d 01:02:03; brief: from a day on 1d 01h. */
void figures_time(struct text *t, double time_s, bool brief);

/* 999, 1.2 K, 50.1 M; never rounded up, so that a count does not run ahead of itself. */
void figures_number(struct text *t, uint64_t n);

/* Small shares are what a scan is about: 0.092 % does not read as 0.1 %. */
void figures_percent(struct text *t, double percent);

/*
 * Each loss of v[STATS] that is not zero, after `before`: "capture 12, table full 3.5 K". False:
 * there is none, and nothing was added.
 */
bool figures_losses(struct text *t, const uint64_t *v, const char *before);

#endif
