#include "payload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "bytes.h"
#include "digits.h"
#include "err.h"
#include "hex.h"
#include "text.h"

#define PORT_DNS	53
#define PORT_HTTP	80
#define PORT_TLS	443

#define LABEL_MAX	63	/* RFC 1035 2.3.4 */
#define NAME_MAX_LEN	253	/* 255 on the wire, less the first length byte and the root's */
#define NAME_SIZE	(NAME_MAX_LEN + 1)

const char *const payload_words[] = {
	[PAYLOAD_AUTO] = "auto", [PAYLOAD_NONE] = "none", [PAYLOAD_HTTP] = "http",
	[PAYLOAD_TLS] = "tls", [PAYLOAD_DNS] = "dns",
	[PAYLOAD_BYTES] = "text:TEXT", "hex:DIGITS", "file:FILE", NULL,
};

/* What a port gets that has no protocol of its own here. */
static const char fallback_text[] = "tfomap\r\n";

int payload_set_bytes(struct payload *p, const uint8_t *bytes, size_t len, struct err *e)
{
	if (len == 0)
		return err_set(e, EINVAL, "empty; to send no data, say none");
	if (len > PAYLOAD_MAX)
		return err_set(e, EINVAL, "%zu bytes are more than a SYN should carry, which is %d "
			       "at most", len, PAYLOAD_MAX);
	p->type = PAYLOAD_BYTES;
	p->len = (uint16_t)len;
	memcpy(p->bytes, bytes, len);
	return 0;
}

static int parse_hex(struct payload *p, const char *digits, struct err *e)
{
	size_t len = strlen(digits);
	uint8_t bytes[PAYLOAD_MAX];

	if (len % 2)
		return err_set(e, EINVAL, "an odd number of digits (%zu); two make a byte", len);
	for (size_t i = 0; i < len; i++)
		if (hex_digit(digits[i]) < 0)
			return err_set(e, EINVAL, "'%c' is no hexadecimal digit", digits[i]);
	if (len / 2 <= PAYLOAD_MAX)
		hex_read(digits, '\0', bytes, len / 2);
	return payload_set_bytes(p, bytes, len / 2, e);
}

static int parse_no_word(struct err *e)
{
	char list[128];
	struct text t;

	text_init(&t, list, sizeof(list));
	for (size_t i = 0; payload_words[i]; i++)
		text_add(&t, "%s%s", i ? ", " : "", payload_words[i]);
	return err_set(e, EINVAL, "must be one of: %s", list);
}

int payload_parse(struct payload *p, const char *s, struct err *e)
{
	for (int i = 0; i < PAYLOAD_BYTES; i++) {
		if (strcmp(s, payload_words[i]) == 0) {
			p->type = (enum payload_type)i;
			p->len = 0;
			return 0;
		}
	}
	if (strncmp(s, "text:", 5) == 0)
		return payload_set_bytes(p, (const uint8_t *)s + 5, strlen(s + 5), e);
	if (strncmp(s, "hex:", 4) == 0)
		return parse_hex(p, s + 4, e);
	return parse_no_word(e);
}

/* A label of len bytes: letters, digits, hyphens inside; underscores, as names in use have them. */
static bool label_ok(const char *label, size_t len)
{
	if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(label[i]) && label[i] != '-' && label[i] != '_')
			return false;
	return true;
}

/*
 * Copies a host name without the dot that may end it, and returns its length; 0: not one. Lists
 * come from others: what is not a host name could write header lines of its own. A last label of
 * digits alone makes it an IPv4 address (RFC 1123 2.1), which has no place in SNI or QNAME.
 */
static size_t host_name(char out[static NAME_SIZE], const char *domain)
{
	size_t len = domain ? strnlen(domain, NAME_SIZE + 1) : 0, at = 0, last = 0;

	if (len && domain[len - 1] == '.')
		len--;
	if (len == 0 || len > NAME_MAX_LEN)
		return 0;
	memcpy(out, domain, len);
	out[len] = '\0';
	while (at <= len) {
		size_t n = strcspn(out + at, ".");

		if (!label_ok(out + at, n))
			return 0;
		last = at;
		at += n + 1;
	}
	return strspn(out + last, "0123456789") == len - last ? 0 : len;
}

static size_t build_http(uint8_t *out, uint16_t port, const char *host, const char *dst_text)
{
	bool brackets = !host[0] && strchr(dst_text, ':');
	char port_text[8] = "";
	int n;

	if (port != PORT_HTTP)
		snprintf(port_text, sizeof(port_text), ":%u", port);
	n = snprintf((char *)out, PAYLOAD_MAX,
		     "GET / HTTP/1.1\r\nHost: %s%.*s%s%s\r\nUser-Agent: tfomap\r\nAccept: */*\r\n"
		     "Connection: close\r\n\r\n", brackets ? "[" : "", NAME_MAX_LEN,
		     host[0] ? host : dst_text, brackets ? "]" : "", port_text);
	return (size_t)n;
}

/* A DNS message over TCP: a length of two bytes goes before it (RFC 1035 4.2.2). */
static size_t build_dns(uint8_t *out, const char *host)
{
	enum { TYPE_A = 1, TYPE_NS = 2, CLASS_IN = 1 };
	static const uint8_t header[] = {
		0x7f, 0x0a,		/* ID */
		0x01, 0x00,		/* a query, recursion desired */
		0, 1, 0, 0, 0, 0, 0, 0,	/* one question */
	};
	size_t at = 2;

	memcpy(out + at, header, sizeof(header));
	at += sizeof(header);
	for (const char *label = host; *label;) {
		size_t n = strcspn(label, ".");

		out[at++] = (uint8_t)n;
		memcpy(out + at, label, n);
		at += n;
		label += n + (label[n] == '.');
	}
	out[at++] = 0;
	put_be16(out + at, host[0] ? TYPE_A : TYPE_NS);
	put_be16(out + at + 2, CLASS_IN);
	at += 4;
	put_be16(out, (uint16_t)(at - 2));
	return at;
}

/*
 * A ClientHello that TLS 1.2 and 1.3 servers answer (RFC 8446 4.1.2, RFC 5246 7.4.1.2). No
 * handshake is ever finished, so the random bytes and the key need not be secret: they are fixed.
 */
static const uint8_t tls_hello[] = {
	0x03, 0x03,
	't', 'f', 'o', 'm', 'a', 'p', ' ', 'T', 'C', 'P', ' ', 'F', 'a', 's', 't', ' ',
	'O', 'p', 'e', 'n', ' ', 'm', 'e', 'a', 's', 'u', 'r', 'e', 'm', 'e', 'n', 't',
	0,				/* no session */
	0, 32,				/* cipher suites */
	0x13, 0x01, 0x13, 0x02, 0x13, 0x03,
	0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 0xcc, 0xa9, 0xcc, 0xa8,
	0xc0, 0x13, 0xc0, 0x14, 0x00, 0x9c, 0x00, 0x9d, 0x00, 0x2f, 0x00, 0x35,
	0x00, 0xff,			/* renegotiation is safe (RFC 5746 3.3) */
	1, 0,				/* no compression */
};

static const uint8_t tls_extensions[] = {
	0x00, 0x17, 0, 0,		/* extended_master_secret */
	0x00, 0x0a, 0, 8, 0, 6,		/* supported_groups: x25519, secp256r1, secp384r1 */
	0x00, 0x1d, 0x00, 0x17, 0x00, 0x18,
	0x00, 0x0b, 0, 2, 1, 0,		/* ec_point_formats: uncompressed */
	0x00, 0x0d, 0, 22, 0, 20,	/* signature_algorithms: ECDSA, Ed25519, RSA-PSS, PKCS#1 */
	0x04, 0x03, 0x05, 0x03, 0x06, 0x03, 0x08, 0x07, 0x08, 0x04, 0x08, 0x05, 0x08, 0x06,
	0x04, 0x01, 0x05, 0x01, 0x06, 0x01,
	0x00, 0x2b, 0, 5, 4,		/* supported_versions: 1.3, 1.2 */
	0x03, 0x04, 0x03, 0x03,
	0x00, 0x33, 0, 38, 0, 36,	/* key_share: x25519, its base point (RFC 7748 4.1) */
	0x00, 0x1d, 0, 32,
	9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

/* server_name (RFC 6066 3): a list of one host name. Returns its length; no name, no extension. */
static size_t build_sni(uint8_t *out, const char *host, size_t len)
{
	if (len == 0)
		return 0;
	put_be16(out, 0);
	put_be16(out + 2, (uint16_t)(len + 5));
	put_be16(out + 4, (uint16_t)(len + 3));
	out[6] = 0;
	put_be16(out + 7, (uint16_t)len);
	memcpy(out + 9, host, len);
	return 9 + len;
}

static size_t build_tls(uint8_t *out, const char *host, size_t host_len)
{
	enum { RECORD_LEN = 5, MESSAGE_LEN = 4, TYPE_HANDSHAKE = 22, TYPE_CLIENT_HELLO = 1 };
	size_t exts = RECORD_LEN + MESSAGE_LEN + sizeof(tls_hello);
	size_t at = exts + 2;

	memcpy(out + RECORD_LEN + MESSAGE_LEN, tls_hello, sizeof(tls_hello));
	at += build_sni(out + at, host, host_len);
	memcpy(out + at, tls_extensions, sizeof(tls_extensions));
	at += sizeof(tls_extensions);
	put_be16(out + exts, (uint16_t)(at - exts - 2));
	out[0] = TYPE_HANDSHAKE;
	put_be16(out + 1, 0x0301);	/* what middleboxes know (RFC 8446 5.1) */
	put_be16(out + 3, (uint16_t)(at - RECORD_LEN));
	put_be32(out + 5, (uint32_t)(at - RECORD_LEN - MESSAGE_LEN));
	out[5] = TYPE_CLIENT_HELLO;	/* over the length's unused top byte */
	return at;
}

/* What auto means on a port. PAYLOAD_BYTES where p is auto: the fallback text. */
static enum payload_type type_on(const struct payload *p, uint16_t port)
{
	if (p->type != PAYLOAD_AUTO)
		return p->type;
	switch (port) {
	case PORT_DNS:
		return PAYLOAD_DNS;
	case PORT_HTTP:
		return PAYLOAD_HTTP;
	case PORT_TLS:
		return PAYLOAD_TLS;
	default:
		return PAYLOAD_BYTES;
	}
}

static size_t build_bytes(uint8_t *out, const void *bytes, size_t len)
{
	memcpy(out, bytes, len);
	return len;
}

size_t payload_build(const struct payload *p, uint16_t port, const char *domain,
		     const char *dst_text, uint8_t out[static PAYLOAD_MAX])
{
	char host[NAME_SIZE];
	size_t host_len = host_name(host, domain);

	host[host_len] = '\0';
	switch (type_on(p, port)) {
	case PAYLOAD_HTTP:
		return build_http(out, port, host, dst_text);
	case PAYLOAD_TLS:
		return build_tls(out, host, host_len);
	case PAYLOAD_DNS:
		return build_dns(out, host);
	case PAYLOAD_BYTES:
		if (p->type == PAYLOAD_BYTES)
			return build_bytes(out, p->bytes, p->len);
		return build_bytes(out, fallback_text, sizeof(fallback_text) - 1);
	case PAYLOAD_NONE:
	case PAYLOAD_AUTO:
		break;
	}
	return 0;
}

bool payload_varies(const struct payload *p, uint16_t port)
{
	enum payload_type type = type_on(p, port);

	return type == PAYLOAD_HTTP || type == PAYLOAD_TLS || type == PAYLOAD_DNS;
}
