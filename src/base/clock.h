/* clock: the run's one clock, and what its ticks mean in wall time. */
#ifndef TFOMAP_CLOCK_H
#define TFOMAP_CLOCK_H

#include <stdint.h>

#define NS_PER_S	1000000000ull
#define NS_PER_MS	1000000ull

/* CLOCK_MONOTONIC in ns. */
uint64_t clock_now_ns(void);

/* Sleeps that long, or until a signal comes. */
void clock_sleep(uint64_t ns);

/* CLOCK_REALTIME minus CLOCK_MONOTONIC, in ns: add to the run's clock to get Unix time. */
int64_t clock_wall_offset_ns(void);

/* RFC 3339, UTC, microseconds: "2026-01-02T03:04:05.678901Z". wall_ns: Unix time. */
#define CLOCK_TEXT_LEN 28
void clock_text(uint64_t wall_ns, char out[static CLOCK_TEXT_LEN]);

#endif
