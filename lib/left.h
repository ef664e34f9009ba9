/*
 * left: positions that were given up without a row, to be asked when the run goes on; so many at
 * most, as memory has to be bounded: what is beyond is not known. All zero: none.
 */
#ifndef TFOMAP_LEFT_H
#define TFOMAP_LEFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEFT_MAX	(1u << 18)

struct left {
	uint64_t *v;			/* heap, owned */
	size_t n, cap;
	bool forgot;			/* there were more */
};

/* Position k is one. l NULL: nobody asks. LEFT_MAX or no memory: it is forgotten. */
void left_add(struct left *l, uint64_t k);

void left_free(struct left *l);

#endif
