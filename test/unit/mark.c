/*
 * Check writes down the place of each assertion, so that it can say where a test was that crashed:
 * a system call for each, which is most of what a loop of a million takes. Here a place is written
 * down when it is first come to. The linker has assertions call this (--wrap).
 */
#include <stdatomic.h>
#include <stdint.h>

#define PLACES	1024u	/* a power of two; two that share an entry are written down in turn */

void __real__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line);

void __wrap__mark_point(const char *file, int line)
{
	static _Atomic uint64_t places[PLACES];
	uint64_t place = (uint64_t)line << 48 ^ (uintptr_t)file;
	_Atomic uint64_t *entry = &places[((uintptr_t)file / 64 + (unsigned int)line) % PLACES];

	if (atomic_load_explicit(entry, memory_order_relaxed) == place)
		return;
	atomic_store_explicit(entry, place, memory_order_relaxed);
	__real__mark_point(file, line);
}
