/* cookiefile_load: reads --cookie-file (cookiefile.h says its form) into a store. */
#ifndef TFOMAP_COOKIEFILE_LOAD_H
#define TFOMAP_COOKIEFILE_LOAD_H

struct cookie_store;
struct err;

/*
 * Reads the whole file; one that is not there is an empty store, as the first run makes it. 0, or
 * -errno with a message that names file, line and reason.
 */
int cookiefile_load(struct cookie_store **out, const char *path, struct err *e);

#endif
