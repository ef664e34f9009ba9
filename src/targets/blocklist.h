/*
 * blocklist: the address ranges that a scan leaves out by default: the IANA
 * special-purpose registries of IPv4 and IPv6, multicast, and what no global unicast IPv6 address
 * is in.
 */
#ifndef TFOMAP_BLOCKLIST_H
#define TFOMAP_BLOCKLIST_H

#include <stdint.h>

#include "addr.h"

struct prefixset;

/* Adds all compiled-in ranges to s (not sealed). 0 or -ENOMEM. */
int blocklist_add_special(struct prefixset *s);

/*
 * "198.18.0.0/15, benchmarking, RFC 2544": the compiled-in range that a is in, the smallest of
 * several; NULL: none. The buffer is the caller's.
 */
#define BLOCKLIST_WHY_LEN 128
const char *blocklist_why(struct addr a, char out[static BLOCKLIST_WHY_LEN]);

/* SipHash-2-4 with a zero key over the ranges of a sealed set; *hash. 0 or -ENOMEM. */
int blocklist_hash(const struct prefixset *s, uint64_t *hash);

#endif
