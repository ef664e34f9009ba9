/*
 * targetlist: the targets that come one by one: lines of a server list, addr:port words, the
 * addresses of host names. An entry is 24 bytes; what a line says beside address and port is kept
 * in an unlinked temporary file, so that nothing which happens to the list later changes a scan.
 */
#ifndef TFOMAP_TARGETLIST_H
#define TFOMAP_TARGETLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"
#include "target.h"

struct err;

/*
 * where: port << 48 | origin, so that entries of an address sort by port and then by origin, which
 * grows from line to line. It is where the temporary file has what the line says beside, or
 * TARGETLIST_NAME + the number of a host name, or TARGETLIST_NO_ORIGIN. Port 0: the entry stands
 * for all of --target-ports.
 */
struct targetlist_entry {
	struct addr ip;
	uint64_t where;
};

#define TARGETLIST_ORIGIN_BITS	48
#define TARGETLIST_NO_ORIGIN	((1ull << TARGETLIST_ORIGIN_BITS) - 1)
#define TARGETLIST_NAME		(1ull << (TARGETLIST_ORIGIN_BITS - 1))

static inline uint16_t targetlist_port(const struct targetlist_entry *t)
{
	return (uint16_t)(t->where >> TARGETLIST_ORIGIN_BITS);
}

static inline uint64_t targetlist_origin(const struct targetlist_entry *t)
{
	return t->where & TARGETLIST_NO_ORIGIN;
}

struct targetlist {
	struct targetlist_entry *v;	/* heap, owned */
	size_t n, cap;
	FILE *beside;			/* what lines say beside; NULL: nothing so far */
	uint64_t next;			/* its end, which the next line begins at */
	char **names;			/* host names: "as named", NUL, "in ASCII"; heap, owned */
	size_t n_names;
	uint64_t n_other;		/* entries of lists that are not of TCP and so no targets */
	bool has_extra;			/* some entry has a domain or info */
};

void targetlist_init(struct targetlist *l);
void targetlist_free(struct targetlist *l);

/* Adds an entry. 0, or -ENOMEM with a message. */
int targetlist_add(struct targetlist *l, struct addr ip, uint16_t port, uint64_t origin,
		   struct err *e);

/*
 * Keeps copies of a host name and its form in ASCII, whose origin goes to *origin. 0, or -ENOMEM
 * with a message.
 */
int targetlist_add_name(struct targetlist *l, const char *name, const char *wire,
			uint64_t *origin, struct err *e);

/*
 * Keeps what a target has beside, for which *origin then stands. After all of a source: makes what
 * was kept readable. 0, or -errno with a message.
 */
int targetlist_keep(struct targetlist *l, const struct target_extra *x, uint64_t *origin,
		    struct err *e);
int targetlist_flush(struct targetlist *l, struct err *e);

/* Sorts: entries without port first; then by address, port, origin. */
void targetlist_sort(struct targetlist *l);

/* The first of the sorted entries low..high-1 that has this address and port; NULL: none. */
const struct targetlist_entry *targetlist_find(const struct targetlist *l, size_t low, size_t high,
					       struct addr ip, uint16_t port);

/* What the entry's line or name says; empty strings where that is nothing. Any thread. */
void targetlist_extra(const struct targetlist *l, const struct targetlist_entry *t,
		      struct target_extra *x);

#endif
