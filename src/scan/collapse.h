/* collapse: the warning when answers stop coming while sending goes on. Main thread. */
#ifndef TFOMAP_COLLAPSE_H
#define TFOMAP_COLLAPSE_H

#include <stdint.h>

#include "base/stats.h"
#include "hitrate.h"

/* Looks at the counters, about once a second while sending; warns with the likely cause. */
void collapse_watch(struct hitrate *h, const struct stats *s, uint64_t now_ns);

#endif
