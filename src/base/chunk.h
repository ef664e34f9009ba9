/* chunk: inside of writer: records that are written in one go, in a list of such. */
#ifndef TFOMAP_CHUNK_H
#define TFOMAP_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_LEN	(256u * 1024)	/* bytes, or as many as one record has; */
#define CHUNK_RECORDS	4096u		/* or so many records */

struct chunk {
	struct chunk *next;
	size_t len, cap;
	unsigned int n;			/* records */
	size_t end[CHUNK_RECORDS];	/* of each: quoted fields may hold line ends, so that bytes
					 * alone do not show where one ends */
	uint8_t bytes[];
};

/* An empty one with room for a record of len bytes, heap. NULL: no memory. */
static inline struct chunk *chunk_new(size_t len)
{
	size_t cap = len > CHUNK_LEN ? len : CHUNK_LEN;
	struct chunk *c = malloc(sizeof(*c) + cap);

	if (!c)
		return NULL;
	c->next = NULL;
	c->cap = cap;
	c->len = c->n = 0;
	return c;
}

static inline void chunk_free_all(struct chunk *c)
{
	while (c) {
		struct chunk *next = c->next;

		free(c);
		c = next;
	}
}

static inline bool chunk_has_room(const struct chunk *c, size_t len)
{
	return c->n < CHUNK_RECORDS && c->cap - c->len >= len;
}

static inline void chunk_add(struct chunk *c, const void *record, size_t len)
{
	memcpy(c->bytes + c->len, record, len);
	c->len += len;
	c->end[c->n++] = c->len;
}

/*
 * The bytes from record i on that are written in one call, and in *n how many records they are: as
 * many as max bytes have, one at least; max 0: all.
 */
static inline size_t chunk_piece(const struct chunk *c, unsigned int i, size_t max, unsigned int *n)
{
	size_t from = i ? c->end[i - 1] : 0;

	*n = max ? 1 : c->n - i;
	while (i + *n < c->n && c->end[i + *n] - from <= max)
		(*n)++;
	return c->end[i + *n - 1] - from;
}

#endif
