/* cookiefile_load: reads --cookie-file (cookiefile.h says its form) into a store. */
#ifndef TFOMAP_COOKIEFILE_LOAD_H
#define TFOMAP_COOKIEFILE_LOAD_H

#include <stdint.h>

/* What ends a line that had no newline, before others follow. */
#define COOKIEFILE_TORN "#torn"

struct cookie_store;
struct err;

/*
 * Reads the file, of which the lines count that begin before byte max_len; one that is not there is
 * an empty store, as the first run makes it. What a killed run wrote of its last line is left out,
 * which is said. 0, or -errno with a message that names file, line and reason.
 */
int cookiefile_load(struct cookie_store **out, const char *path, uint64_t max_len, struct err *e);

#endif
