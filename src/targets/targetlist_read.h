/* targetlist_read: server lists, from files and standard input. */
#ifndef TFOMAP_TARGETLIST_READ_H
#define TFOMAP_TARGETLIST_READ_H

struct err;
struct misread;
struct targetlist;

/*
 * Adds every line of a server list, read to its end. path "-" is stdin. Addresses that may have
 * been meant otherwise go to m. 0, or -errno with a message that names file, line and reason.
 */
int targetlist_read(struct targetlist *l, const char *path, struct misread *m, struct err *e);

/* How messages call the list of that path. */
const char *targetlist_name(const char *path);

#endif
