/* targets_load: the targets that a configuration names, read and resolved. Main thread. */
#ifndef TFOMAP_TARGETS_LOAD_H
#define TFOMAP_TARGETS_LOAD_H

struct config;
struct err;
struct targetlist;
struct targets;

/*
 * Loads all that the configuration names: words, -w, -I ("-": stdin, read to its end, kept in an
 * unlinked temporary file), -b, the compiled-in special-purpose blocks. Host names among the words
 * (not in files) are resolved to all their addresses. 0, or -errno with one message that names
 * file, line and reason: bad line, unreadable file, no target left (and why), 2^63 targets or more
 * (names the prefix). found: the targets where the configuration names none; they are taken over,
 * so that it is empty then. NULL: there are no such.
 */
int targets_load(struct targets **out, const struct config *c, struct targetlist *found,
		 struct err *e);

#endif
