/*
 * The clock that programs in the kernel read (bpf_ktime_get_ns()): a time namespace, which shows
 * how tests do on a machine that has just booted, shifts this process's clock and not that one.
 */
#ifndef UNIT_KERNEL_CLOCK_H
#define UNIT_KERNEL_CLOCK_H

#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"

/* How far this process's clock is ahead of it. */
static inline long long kernel_clock_offset_ns(void)
{
	FILE *file = fopen("/proc/self/timens_offsets", "r");
	long long s = 0, ns = 0;

	if (!file)
		return 0;
	if (fscanf(file, "monotonic %lld %lld", &s, &ns) != 2)
		s = ns = 0;
	fclose(file);
	return s * (long long)NS_PER_S + ns;
}

static inline uint64_t kernel_clock_now_ns(void)
{
	static long long offset_ns;
	static bool known;

	if (!known)
		offset_ns = kernel_clock_offset_ns();
	known = true;
	return clock_now_ns() - (uint64_t)offset_ns;
}

#endif
