/*
 * quote: what an ICMP error's quote of a SYN shows of the TFO option and of the data that were on
 * it. What is cut, or contradicts itself, shows nothing: routers are known to hand a header back
 * changed (RFC 1812 4.3.2.3).
 */
#ifndef TFOMAP_QUOTE_H
#define TFOMAP_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "locate.h"

struct flow;
struct packet_tcp;

/* t: the quoted SYN, which left with f's option; LOCATE_UNKNOWN where f has none. */
enum locate_part quote_option(const struct packet_tcp *t, const struct flow *f);

/* The same of len bytes of data. */
enum locate_part quote_data(const struct packet_tcp *t, const uint8_t *data, size_t len);

#endif
