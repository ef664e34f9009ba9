/*
 * icmp: the ICMP errors that end a TCP connection attempt: of those that quote a SYN only these
 * decide. One list for the parser, the capture filter and the in-kernel program.
 */
#ifndef TFOMAP_ICMP_H
#define TFOMAP_ICMP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * X(type, the one code that is left out, or ICMP_EVERY_CODE): those on which a client in SYN-SENT
 * gives up, as Linux does (RFC 1122 4.2.3.9 has hosts keep a connection, but says nothing of
 * the attempt to open one; RFC 5461). So of IPv4 destination unreachable (3), time exceeded (11)
 * and parameter problem (12), of IPv6 types 1, 3 and 4, which are the same.
 * Not: source quench (4), which hosts have to ignore (RFC 6633); redirect (5), as the router that
 * sends one forwards the packet all the same (RFC 792); fragmentation needed (3, code 4) and packet
 * too big (IPv6, 2), upon which TCP sends less at a time and goes on (RFC 1191, RFC 8201, RFC 5927
 * 7): a SYN that is too large for its path stays silent, and what it carries is blocked there.
 */
#define ICMP_EVERY_CODE	256
#define ICMP_ERRORS_V4(X) X(3, 4) X(11, ICMP_EVERY_CODE) X(12, ICMP_EVERY_CODE)
#define ICMP_ERRORS_V6(X) X(1, ICMP_EVERY_CODE) X(3, ICMP_EVERY_CODE) X(4, ICMP_EVERY_CODE)

static inline __attribute__((always_inline)) bool icmp_ends_attempt(bool v4, int type, int code)
{
#define ICMP_IS(t, left_out) || (type == (t) && code != (left_out))
	return v4 ? (false ICMP_ERRORS_V4(ICMP_IS)) : (false ICMP_ERRORS_V6(ICMP_IS));
#undef ICMP_IS
}

#endif
