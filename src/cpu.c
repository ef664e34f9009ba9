#include "cpu.h"

#include <sched.h>

void cpu_pin_lane(pthread_t thread, unsigned int lane)
{
	cpu_set_t all, one;
	int skip, cpu = 0;

	if (sched_getaffinity(0, sizeof(all), &all) || CPU_COUNT(&all) < 2)
		return;
	skip = (int)((lane + 1) % (unsigned int)CPU_COUNT(&all));
	while (!CPU_ISSET(cpu, &all) || skip-- > 0)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	(void)pthread_setaffinity_np(thread, sizeof(one), &one);
}
