/*
 * addr: one address type for IPv4 and IPv6, in host order so that addresses count and compare
 * like numbers. IPv4 a.b.c.d is the IPv4-mapped ::ffff:a.b.c.d (RFC 4291 2.5.5.2), so IPv4 sorts
 * as one block.
 */
#ifndef TFOMAP_ADDR_H
#define TFOMAP_ADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

struct err;

struct addr {
	uint64_t hi, lo;
};

#define ADDR_V4_PREFIX	0x0000ffff00000000ull	/* lo of ::ffff:0.0.0.0 */
#define ADDR_STRLEN	46			/* longest text form and its NUL */

static inline bool addr_is_v4(struct addr a)
{
	return a.hi == 0 && a.lo >> 32 == 0xffff;
}

/* The IPv4 address as a number; only where addr_is_v4(). */
static inline uint32_t addr_v4(struct addr a)
{
	return (uint32_t)a.lo;
}

static inline struct addr addr_from_v4(uint32_t v4)
{
	return (struct addr){ 0, ADDR_V4_PREFIX | v4 };
}

/* From and to 16 bytes in network order. */
static inline struct addr addr_from_wire6(const uint8_t *p)
{
	return (struct addr){ get_be64(p), get_be64(p + 8) };
}

static inline void addr_to_wire6(struct addr a, uint8_t *p)
{
	put_be64(p, a.hi);
	put_be64(p + 8, a.lo);
}

static inline bool addr_eq(struct addr a, struct addr b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* <0, 0, >0 as a is below, equal to, above b. */
static inline int addr_cmp(struct addr a, struct addr b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo < b.lo ? -1 : a.lo > b.lo;
}

/* a + n, modulo 2^128. */
static inline struct addr addr_add(struct addr a, uint64_t n)
{
	struct addr r = { a.hi, a.lo + n };

	r.hi += r.lo < a.lo;
	return r;
}

/* a - b where a >= b; UINT64_MAX where the difference does not fit. */
static inline uint64_t addr_diff(struct addr a, struct addr b)
{
	uint64_t hi = a.hi - b.hi - (a.lo < b.lo);

	return hi ? UINT64_MAX : a.lo - b.lo;
}

/* Parses an address without port, brackets, zone or prefix length. 0 or -EINVAL; no message. */
int addr_parse(struct addr *out, const char *s);

/*
 * Parses "address", "address/length" or "address/netmask" into the first and last address of the
 * prefix. Host bits set below the length are refused, as they hide typing errors. 0 or -EINVAL with
 * a message that names s.
 */
int addr_parse_prefix(struct addr *first, struct addr *last, const char *s, struct err *e);

/*
 * Parses "address-address", blanks around the dash or not: both ends are in the range. 0 or -EINVAL
 * with a message that names s.
 */
int addr_parse_range(struct addr *first, struct addr *last, const char *s, struct err *e);

/*
 * Reads a port at *s, which is stepped over: decimal digits, 1..65535. Zeros in front say
 * nothing: 080 is 80. False: there is none, and *s stays.
 */
bool addr_read_port(const char **s, uint16_t *port);

/* Whether all of s is a port, which is read likewise. */
bool addr_parse_port(const char *s, uint16_t *port);

/*
 * Parses "addr:port", "[v6]:port", "addr", "[v6]". *port is 0 where none is given; a given port
 * is 1..65535. A bare IPv6 address with colons is an address without port. 0 or -EINVAL with a
 * message that names s.
 */
int addr_parse_endpoint(struct addr *out, uint16_t *port, const char *s, struct err *e);

/* Text form: dotted quad or RFC 5952. */
void addr_format(struct addr a, char out[static ADDR_STRLEN]);

#endif
