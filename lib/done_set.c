#include "done_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bisect.h"

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void sort_left(struct done_set *d)
{
	size_t n = 0;

	if (!d->nleft)
		return;
	qsort(d->left, d->nleft, sizeof(*d->left), compare);
	for (size_t i = 0; i < d->nleft; i++)
		if (!n || d->left[n - 1] != d->left[i])
			d->left[n++] = d->left[i];
	d->nleft = n;
	d->first = d->left[0];
}

int done_set_init(struct done_set *d, uint64_t tail, uint64_t end, const uint64_t *v, size_t n)
{
	*d = (struct done_set){ .first = tail, .tail = tail, .end = end, .nleft = n };
	d->bits = calloc((end - tail) / 64 + 1, sizeof(*d->bits));
	d->left = n ? malloc(n * sizeof(*v)) : NULL;
	if (!d->bits || (n && !d->left))
		return -ENOMEM;
	if (n)
		memcpy(d->left, v, n * sizeof(*v));
	sort_left(d);
	return 0;
}

void done_set_free(struct done_set *d)
{
	free(d->bits);
	free(d->left);
	*d = (struct done_set){ .first = 0 };
}

struct search {
	const uint64_t *v;
	uint64_t k;
};

static bool is_before(const void *arg, size_t i)
{
	const struct search *search = arg;

	return search->v[i] < search->k;
}

/* Where k is among those left, or would be. */
static size_t place(const struct done_set *d, uint64_t k)
{
	const struct search search = { d->left, k };

	return bisect(d->nleft, is_before, &search);
}

bool done_set_is_left(const struct done_set *d, uint64_t k)
{
	size_t i = place(d, k);

	return i < d->nleft && d->left[i] == k;
}

void done_set_add(struct done_set *d, uint64_t k)
{
	uint64_t at = k - d->tail;
	size_t i;

	if (k >= d->tail) {
		d->bits[at / 64] |= 1ull << at % 64;
		return;
	}
	i = place(d, k);
	if (i == d->nleft || d->left[i] != k)
		return;
	d->nleft--;
	memmove(d->left + i, d->left + i + 1, (d->nleft - i) * sizeof(*d->left));
}
