#include "sendlog.h"

#include <errno.h>
#include <stdlib.h>

/* Readers stay this far from the entry that is written over next. */
#define MARGIN 64

#define LOAD(x) atomic_load_explicit(&(x), memory_order_relaxed)

int sendlog_init(struct sendlog *l, uint32_t capacity, uint64_t keep_ns)
{
	l->block = calloc(1, SENDLOG_BLOCK_LEN(capacity));
	l->owned = true;
	l->mask = capacity - 1;
	l->grain_ns = keep_ns / (capacity - MARGIN);
	if (l->grain_ns < SENDLOG_GRAIN_NS)
		l->grain_ns = SENDLOG_GRAIN_NS;
	return l->block ? 0 : -ENOMEM;
}

void sendlog_free(struct sendlog *l)
{
	if (l->owned)
		free(l->block);
	l->block = NULL;
}

void sendlog_move(struct sendlog *l, struct sendlog_block *block)
{
	sendlog_free(l);
	l->block = block;
	l->owned = false;
}

void sendlog_add(struct sendlog *l, uint64_t first, uint64_t ns)
{
	uint64_t n = LOAD(l->block->n);

	if (n && ns - LOAD(l->block->v[(n - 1) & l->mask].ns) < l->grain_ns)
		return;
	/* A reader that sees these sees n, too, and that its entry may be this one. */
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&l->block->v[n & l->mask].first, first, memory_order_relaxed);
	atomic_store_explicit(&l->block->v[n & l->mask].ns, ns, memory_order_relaxed);
	atomic_store_explicit(&l->block->n, n + 1, memory_order_release);
}

/* The oldest entry that is safe to read while the writer goes on. */
static uint64_t oldest(const struct sendlog *l, uint64_t n)
{
	uint64_t keep = l->mask + 1 - MARGIN;

	return n > keep ? n - keep : 0;
}

uint64_t sendlog_time(const struct sendlog *l, uint64_t k)
{
	uint64_t n = atomic_load_explicit(&l->block->n, memory_order_acquire);
	uint64_t low = oldest(l, n), lo = low, hi = n, ns;

	/* The last entry whose first is at most k. */
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (LOAD(l->block->v[mid & l->mask].first) <= k)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == low)
		return 0;
	ns = LOAD(l->block->v[(lo - 1) & l->mask].ns);
	/* Written over meanwhile: what was read cannot be trusted. */
	atomic_thread_fence(memory_order_acquire);
	return lo - 1 + l->mask + 1 > LOAD(l->block->n) ? ns : 0;
}

uint64_t sendlog_until(const struct sendlog *l, uint64_t *pos, uint64_t ns, uint64_t end)
{
	uint64_t n = atomic_load_explicit(&l->block->n, memory_order_acquire);
	uint64_t low = oldest(l, n), first;

	/* Of what is written over it is only known that it is older than what is left. */
	if (*pos < low) {
		if (LOAD(l->block->v[low & l->mask].ns) > ns)
			return 0;
		*pos = low;
	}
	while (*pos < n && LOAD(l->block->v[*pos & l->mask].ns) <= ns)
		(*pos)++;
	if (*pos == n)
		return end;
	first = LOAD(l->block->v[*pos & l->mask].first);
	return first < end ? first : end;
}
