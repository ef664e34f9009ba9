#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>

#include "base/cpu.h"
#include "config/config.h"

static sem_t done;

static void *wait_for_the_end(void *arg)
{
	while (sem_wait(&done))
		;
	return arg;
}

/* The cores that a thread of that sender may use, pinned from here. */
static cpu_set_t cores_of(unsigned int sender)
{
	cpu_set_t set;
	pthread_t t;

	ck_assert_int_eq(pthread_create(&t, NULL, wait_for_the_end, NULL), 0);
	cpu_pin_sender(t, sender);
	ck_assert_int_eq(pthread_getaffinity_np(t, sizeof(set), &set), 0);
	sem_post(&done);
	ck_assert_int_eq(pthread_join(t, NULL), 0);
	return set;
}

static int first_of(const cpu_set_t *set)
{
	int cpu = 0;

	while (!CPU_ISSET(cpu, set))
		cpu++;
	return cpu;
}

/* One core each, until all have had their turn; the first of them comes last. */
TEST(a_core_of_its_own)
{
	cpu_set_t all, used;
	unsigned int n;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	n = (unsigned int)CPU_COUNT(&all);
	if (n < 2) {
		fprintf(stderr, "cpu: a_core_of_its_own skipped: there is one core only\n");
		return;
	}
	sem_init(&done, 0, 0);
	CPU_ZERO(&used);
	for (unsigned int sender = 0; sender < n; sender++) {
		cpu_set_t one = cores_of(sender);

		ck_assert_int_eq(CPU_COUNT(&one), 1);
		ck_assert(CPU_ISSET(first_of(&one), &all));
		ck_assert(!CPU_ISSET(first_of(&one), &used));
		ck_assert_int_eq(first_of(&one) == first_of(&all), sender == n - 1);
		CPU_OR(&used, &used, &one);
	}
	for (unsigned int sender = n; sender < n + CONFIG_THREADS_MAX; sender++) {
		cpu_set_t one = cores_of(sender), before = cores_of(sender - n);

		ck_assert(CPU_EQUAL(&one, &before));
	}
}

/* With one core there is nothing to choose. */
TEST(one_core)
{
	cpu_set_t all, one;

	sem_init(&done, 0, 0);
	ck_assert_int_eq(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	CPU_SET(first_of(&all), &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	for (unsigned int sender = 0; sender < 3; sender++) {
		cpu_set_t set = cores_of(sender);

		ck_assert(CPU_EQUAL(&set, &one));
	}
	ck_assert_int_eq(sched_setaffinity(0, sizeof(all), &all), 0);
}
