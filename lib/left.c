#include "left.h"

#include <stdlib.h>

void left_add(struct left *l, uint64_t k)
{
	if (!l)
		return;
	if (l->n == LEFT_MAX) {
		l->forgot = true;
		return;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 1024;
		uint64_t *v = realloc(l->v, cap * sizeof(*v));

		if (!v) {
			l->forgot = true;
			return;
		}
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = k;
}

void left_free(struct left *l)
{
	free(l->v);
	*l = (struct left){ .v = NULL };
}
