/*
 * payload: what rides on a SYN. A pure function of the plan's payload, the port and the domain, so
 * that the sender and receiver agree on its length without shared state.
 */
#ifndef TFOMAP_PAYLOAD_H
#define TFOMAP_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_MAX	1024	/* nginx answers less than 1,200 bytes before the ACK */

struct err;

enum payload_type {
	PAYLOAD_AUTO,	/* by port: 80 http, 443 tls, 53 dns, else a short fixed text */
	PAYLOAD_NONE, PAYLOAD_HTTP, PAYLOAD_TLS, PAYLOAD_DNS,
	PAYLOAD_BYTES,	/* text:, hex:, file: */
};

struct payload {
	enum payload_type type;
	uint16_t len;			/* PAYLOAD_BYTES */
	uint8_t bytes[PAYLOAD_MAX];
};

/* What payload_parse() and the caller's file: read; NULL ends the list. */
extern const char *const payload_words[];

/*
 * Reads auto|none|http|tls|dns|text:..|hex:..; "file:.." is read by the caller, who then calls
 * payload_set_bytes(). 0, or -EINVAL with the reason; the caller says of what.
 */
int payload_parse(struct payload *p, const char *s, struct err *e);
int payload_set_bytes(struct payload *p, const uint8_t *bytes, size_t len, struct err *e);

/*
 * Writes the payload for a target to out; domain (NULL or "": none; a name that is no host name
 * is not used) fills Host, SNI, QNAME. Returns its length, 0..PAYLOAD_MAX; 0 = no payload.
 * Host falls back to the address dst; SNI is then left out (RFC 6066 3); QNAME to the root's NS.
 * Deterministic: the same arguments give the same bytes.
 */
size_t payload_build(const struct payload *p, uint16_t port, const char *domain,
		     const char *dst_text, uint8_t out[static PAYLOAD_MAX]);

/* True where the bytes depend on domain or address; else all targets of a port get the same. */
bool payload_varies(const struct payload *p, uint16_t port);

#endif
