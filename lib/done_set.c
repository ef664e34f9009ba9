#include "done_set.h"

#include <errno.h>
#include <stdlib.h>

int done_set_init(struct done_set *d, uint64_t first, uint64_t end)
{
	*d = (struct done_set){ .first = first, .end = end };
	d->bits = calloc((end - first) / 64 + 1, sizeof(*d->bits));
	return d->bits ? 0 : -ENOMEM;
}

void done_set_free(struct done_set *d)
{
	free(d->bits);
	*d = (struct done_set){ .first = 0 };
}

void done_set_add(struct done_set *d, uint64_t k)
{
	uint64_t at = k - d->first;

	d->bits[at / 64] |= 1ull << at % 64;
}

void done_set_remove(struct done_set *d, uint64_t k)
{
	uint64_t at = k - d->first;

	d->bits[at / 64] &= ~(1ull << at % 64);
}
