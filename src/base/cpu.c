#include "base/cpu.h"

#include <sched.h>

void cpu_pin_sender(pthread_t thread, unsigned int sender)
{
	cpu_set_t all, one;
	int skip, cpu = 0;

	if (sched_getaffinity(0, sizeof(all), &all) || CPU_COUNT(&all) < 2)
		return;
	skip = (int)((sender + 1) % (unsigned int)CPU_COUNT(&all));
	while (!CPU_ISSET(cpu, &all) || skip-- > 0)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	(void)pthread_setaffinity_np(thread, sizeof(one), &one);
}
