#include "send/deferred.h"

#include <stdatomic.h>

#include "window.h"

void deferred_add(struct deferred *d, struct window *win, uint64_t pos, unsigned int pass)
{
	_Atomic uint64_t *done = &win->cursor[pass].done;

	for (unsigned int a = 0; a < WINDOW_PASSES_MAX && !d->any; a++)
		d->from[a] = UINT64_MAX;
	d->any = true;
	d->until_ns = UINT64_MAX;
	if (pos >= d->from[pass])
		return;
	d->from[pass] = pos;
	if (pos < atomic_load_explicit(done, memory_order_relaxed))
		atomic_store_explicit(done, pos, memory_order_release);
}

void deferred_sent(struct deferred *d, uint64_t until_ns)
{
	if (d->any)
		d->until_ns = until_ns;
}

void deferred_expire(struct deferred *d, uint64_t now_ns)
{
	if (now_ns >= d->until_ns)
		d->any = false;
}

uint64_t deferred_done(const struct deferred *d, unsigned int pass, uint64_t pos)
{
	return d->any && d->from[pass] < pos ? d->from[pass] : pos;
}
