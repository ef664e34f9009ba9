/*
 * cookiefile: --cookie-file: where a run adds the cookies that it is given, and finds those of
 * earlier runs (cookiefile_load.h). A CSV file with the header source_ip,ip,port,kind,cookie,time:
 * the address that the cookie is bound to, the server, the option kind it came in (34, 253 or 254),
 * hex, RFC 3339. Of several lines for the same source, address and port the last one counts.
 */
#ifndef TFOMAP_COOKIEFILE_H
#define TFOMAP_COOKIEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "tfo.h"

struct cookiefile;
struct err;
struct writer;
struct writer;

/*
 * Opens the file for appending, makes it where there is none, and writes the header where no
 * line says anything yet, so that a file that cannot be written to is found before the scan. After
 * cookiefile_load() of the same file. 0, or -errno with a message.
 */
int cookiefile_open(struct cookiefile **out, const char *path, struct err *e);

/*
 * Adds a cookie of a usable length (tfo_cookie_len_ok) and a kind of the TFO option; wall_ns: Unix
 * time. Waits for nobody. 0; -EINVAL; or the -errno of the first write that failed, after which
 * nothing more is written.
 */
int cookiefile_append(struct cookiefile *f, struct addr source, struct addr ip, uint16_t port,
		      uint8_t kind, const uint8_t *cookie, size_t len, uint64_t wall_ns);

/* What was added goes out now, whole lines only: this does not wait. f may be NULL. */
void cookiefile_flush(struct cookiefile *f);

/* So much waits to be written that no more should come. f may be NULL. */
bool cookiefile_is_full(const struct cookiefile *f);

/* Whom its lines wait for; NULL where f is. */
struct writer *cookiefile_writer(struct cookiefile *f);

/*
 * Writes what waits, but after writer_leave(), closes and frees. f may be NULL. 0, or -errno with a
 * message.
 */
int cookiefile_close(struct cookiefile *f, struct err *e);

#endif
