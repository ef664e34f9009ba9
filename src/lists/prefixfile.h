/*
 * prefixfile: addresses and prefixes as people write them, one a line in a file (--allowlist-file,
 * --blocklist-file) or one a word, into a set.
 */
#ifndef TFOMAP_PREFIXFILE_H
#define TFOMAP_PREFIXFILE_H

#include <stdint.h>

struct err;
struct misread;
struct prefixset;

/*
 * Adds "address", "address/length" or "address/netmask" to s. An IPv6 prefix means IPv6 addresses:
 * ::/0 does not take IPv4 in, although addr.h maps IPv4 into that space. A prefix of more than max
 * addresses is refused (UINT64_MAX: none is). 0, -EINVAL or -ENOMEM with a message.
 */
int prefixfile_add(struct prefixset *s, const char *text, uint64_t max, struct err *e);

/*
 * Adds every line of the file, which option named: one of those, "address netmask" or
 * "first-last"; a # or ; starts a comment. Addresses that may have been meant otherwise go to m. 0,
 * or -errno with a message that names file, line and reason.
 */
int prefixfile_read(struct prefixset *s, const char *option, const char *path, uint64_t max,
		    struct misread *m, struct err *e);

#endif
