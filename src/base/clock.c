#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t clock_read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_now_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

void clock_sleep(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };

	nanosleep(&t, NULL);
}

int64_t clock_wall_offset_ns(void)
{
	uint64_t best = UINT64_MAX;
	int64_t offset = 0;

	/* An interruption between the readings would shift the offset: the closest pair wins. */
	for (int i = 0; i < 8; i++) {
		uint64_t before = clock_read_ns(CLOCK_MONOTONIC);
		uint64_t wall = clock_read_ns(CLOCK_REALTIME);
		uint64_t took = clock_read_ns(CLOCK_MONOTONIC) - before;

		if (took < best) {
			best = took;
			offset = (int64_t)(wall - before - took / 2);
		}
	}
	return offset;
}

void clock_text(uint64_t wall_ns, char out[static CLOCK_TEXT_LEN])
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	char date[CLOCK_TEXT_LEN];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, CLOCK_TEXT_LEN, "%.19s.%06uZ", date,
		 (unsigned int)(wall_ns % NS_PER_S / 1000));
}
