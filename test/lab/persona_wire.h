/*
 * The persona responder's wire: reads SYNs and writes answers, Ethernet frames both. It shares
 * nothing with lib/, so that a mistake there cannot hide in both. Numbers are in host order.
 */
#ifndef PERSONA_WIRE_H
#define PERSONA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_FRAME_MAX	2048
#define WIRE_OPTS_MAX	40
#define WIRE_DATA_MAX	256

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10, ECE = 0x40 };

/* A SYN as it came. Pointers are into the frame. */
struct syn {
	bool v6;
	const uint8_t *eth, *ip, *tcp;
	const uint8_t *src, *dst;	/* 4 or 16 bytes */
	size_t ip_len, tcp_len;		/* of the packet, and of TCP header and data */
	uint32_t seq;
	uint16_t sport, dport;
	uint16_t dlen;			/* data on the SYN */
	uint8_t kind;			/* of the last TFO option: 34, 253, 254; 0 = none */
	const uint8_t *option;		/* that option, from its kind byte on */
	uint8_t option_len;
	const uint8_t *cookie;
	uint8_t clen;
};

/* A segment from where the SYN went to where it came from. */
struct segment {
	uint8_t flags;
	uint32_t seq, ack;
	uint16_t window;
	uint8_t hops;			/* TTL, hop limit */
	uint8_t from_shift, to_shift;	/* added to its ports: not an answer to the SYN any more */
	bool long_header;		/* the data offset says 60 bytes, whatever there is */
	uint8_t opts[WIRE_OPTS_MAX];
	uint8_t opts_len;		/* a multiple of 4 */
	const char *data;		/* NULL: none; else WIRE_DATA_MAX at most */
};

/* An ICMP error about the SYN. */
struct quote {
	size_t len;			/* how much of TCP header and data it quotes, at most */
	bool stripped;			/* without the TFO option: NOPs in its place */
	bool foreign;			/* of a SYN that was never sent: another sequence number */
};

/* True for a TCP SYN without ACK that is all there. */
bool wire_read_syn(struct syn *s, const uint8_t *frame, size_t len);

/* Both return the frame's length. */
size_t wire_write_segment(uint8_t frame[static WIRE_FRAME_MAX], const struct syn *s,
			  const struct segment *g);
size_t wire_write_quote(uint8_t frame[static WIRE_FRAME_MAX], const struct syn *s,
			const struct quote *q);

#endif
