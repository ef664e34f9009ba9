/*
 * cookie_store: the cookies that earlier runs were given, by the server that gave them and by the
 * address that they are bound to. Filled by one thread; read-only from then on, any thread.
 */
#ifndef TFOMAP_COOKIE_STORE_H
#define TFOMAP_COOKIE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "tfo.h"

struct cookie_store;

/* NULL: no memory. */
struct cookie_store *cookie_store_new(void);
void cookie_store_free(struct cookie_store *s);

/*
 * Adds what ip:port gave to source: a cookie of a usable length (tfo_cookie_len_ok). Of several for
 * the same three the one that was added last counts. time_s: when, Unix time. 0 or -ENOMEM.
 */
int cookie_store_add(struct cookie_store *s, struct addr source, struct addr ip, uint16_t port,
		     const struct tfo_option *cookie, uint32_t time_s);

/* After the last was added, and before the first is looked up. */
void cookie_store_sort(struct cookie_store *s);

/* How many cookies there are. */
size_t cookie_store_count(const struct cookie_store *s);

/*
 * The cookie that ip:port gave to source, as an option that is TFO_COOKIE, and when, unless time_s
 * is NULL; false: none.
 */
bool cookie_store_find(const struct cookie_store *s, struct addr source, struct addr ip,
		       uint16_t port, struct tfo_option *out, uint32_t *time_s);

#endif
