/*
 * packet: a captured IP packet as values: TCP, or an ICMP error that quotes TCP. Hostile input:
 * every read is bounded by what was captured, and nothing is trusted that the packet says of
 * itself.
 */
#ifndef TFOMAP_PACKET_H
#define TFOMAP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "tcpopt.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20
#define TCP_ECE 0x40
#define TCP_CWR 0x80

enum packet_fault {
	PACKET_OK,
	PACKET_SHORT,		/* ends before its fixed headers do */
	PACKET_BAD_IP,		/* version, header length, total length; IPv4-mapped in IPv6 */
	PACKET_FRAGMENT,	/* of a fragmented packet */
	PACKET_OTHER,		/* neither TCP nor an ICMP error (icmp.h) that quotes TCP */
	PACKET_BAD_TCP,		/* a data offset below 5 */
	PACKET_BAD_QUOTE,	/* an ICMP error whose quote is cut before 8 bytes of TCP */
	PACKET_FAULTS
};

/* TCP ports, numbers and options, of a segment or of a quoted one. */
struct packet_tcp {
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t seq;
	uint32_t ack;			/* 0 where a quote ends before it */
	uint8_t flags;			/* likewise */
	uint16_t window;		/* likewise */
	uint8_t opts_len;		/* option bytes that were captured, 0..40 */
	bool opts_cut;			/* the header says more than the packet or capture has; a
					 * quote: its options did not come, or not all */
	const uint8_t *opts;		/* into the packet */
	uint16_t payload_len;		/* by the IP length, captured or not; a quote: 0 */
	/* A quote's. */
	int32_t quoted_len;		/* payload bytes by the quoted IP length; -1: not known */
	uint16_t quoted_have;		/* of these, bytes that are quoted: */
	const uint8_t *quoted;
};

struct packet {
	struct packet_tcp tcp;		/* the segment, or the quoted one (addresses as quoted) */
	bool is_icmp;			/* an ICMP or ICMPv6 error; below are the outer's fields */
	struct addr icmp_from;		/* who sent the error */
	uint8_t icmp_type, icmp_code;	/* of ICMP or of ICMPv6, by the family of icmp_from */
	uint8_t ttl, tos;		/* TTL or hop limit; TOS or traffic class */
	uint16_t ip_id;			/* IPv4; 0 in IPv6 */
	bool df;
};

/*
 * Parses caplen bytes that begin with an IP header. *p is whole only where PACKET_OK is returned;
 * its pointers live as long as the buffer. ICMP errors read: those that end an attempt (icmp.h).
 * The fragment fields of a quoted IP header are not looked at, its length for the payload alone.
 * Bytes past the IP total length (Ethernet padding) are left out. IPv6 extension headers
 * (hop-by-hop, routing, destination options, fragment with offset 0 and no more) are stepped over.
 */
enum packet_fault packet_parse(struct packet *p, const uint8_t *buf, size_t caplen);

#endif
