#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "digits.h"
#include "err.h"

/* How much of the caller's text a message repeats: it could be a whole line of a file. */
#define SHOW "%.100s"

static const char *shown(const char *s)
{
	return *s ? s : "''";
}

int addr_parse(struct addr *out, const char *s)
{
	uint8_t b[16];

	if (inet_pton(AF_INET, s, b) == 1)
		*out = addr_from_v4(get_be32(b));
	else if (inet_pton(AF_INET6, s, b) == 1)
		*out = addr_from_wire6(b);
	else
		return -EINVAL;
	return 0;
}

/* What is wrong with the len bytes at s, which addr_parse() refused. */
static const char *addr_fault(const char *s, size_t len)
{
	size_t number = 0, colons = 0;

	if (len == 0)
		return "the address is missing";
	for (size_t i = 0; i < len; i++) {
		if (s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r'))
			return "blanks inside an address";
		if (s[i] == '%')
			return "an IPv6 zone (what follows %) cannot be used here";
		if (s[i] == '/')
			return "a prefix cannot be used here, only one address";
		number += s[i] == '.' || is_digit(s[i]);
		colons += s[i] == ':';
	}
	if (number == len)
		return "not an IPv4 address (four numbers of 0..255 without leading zeros)";
	if (colons > 1)
		return "not an IPv6 address (with a port it is written [2001:db8::1]:443)";
	return "not an IPv4 or IPv6 address";
}

/* Parses the len bytes at part, a part of s, as an address. */
static int addr_parse_part(struct addr *out, const char *part, size_t len, const char *s,
			   struct err *e)
{
	char buf[ADDR_STRLEN];

	if (len < sizeof(buf)) {
		memcpy(buf, part, len);
		buf[len] = '\0';
		if (addr_parse(out, buf) == 0)
			return 0;
	}
	return err_set(e, EINVAL, SHOW ": %s", shown(s), addr_fault(part, len));
}

/* Parses decimal digits and nothing else, without leading zeros, into 0..max. */
static bool addr_parse_number(unsigned int *out, const char *s, unsigned int max)
{
	uint64_t v;

	if (!*s || (s[0] == '0' && s[1]))
		return false;
	digits_read(&s, &v);
	*out = (unsigned int)v;
	return !*s && v <= max;
}

/* The top n bits of a word, n = 0..64. */
static uint64_t addr_mask(unsigned int n)
{
	return n ? ~0ull << (64 - n) : 0;
}

/* The text form of IPv6, which an IPv4-mapped address written as IPv6 keeps. */
static void addr_format_v6(struct addr a, char out[static ADDR_STRLEN])
{
	uint8_t b[16];

	addr_to_wire6(a, b);
	inet_ntop(AF_INET6, b, out, ADDR_STRLEN);
}

/* By hand: a row has one or two, and inet_ntop() takes longer than all else of it. */
void addr_format(struct addr a, char out[static ADDR_STRLEN])
{
	if (!addr_is_v4(a)) {
		addr_format_v6(a, out);
		return;
	}
	for (int shift = 24; shift >= 0; shift -= 8) {
		unsigned int byte = addr_v4(a) >> shift & 0xff;

		if (byte >= 100)
			*out++ = (char)('0' + byte / 100);
		if (byte >= 10)
			*out++ = (char)('0' + byte / 10 % 10);
		*out++ = (char)('0' + byte % 10);
		*out++ = shift ? '.' : '\0';
	}
}

/* Whether all of a netmask's ones, of max bits, come before its zeros; *len: the ones. */
static bool mask_length(unsigned int *len, struct addr mask, unsigned int max)
{
	unsigned int ones = 0;

	if (max == 32)
		mask = (struct addr){ mask.lo << 32, 0 };
	while (ones < max && (ones < 64 ? mask.hi >> (63 - ones) : mask.lo >> (127 - ones)) & 1)
		ones++;
	*len = ones;
	return mask.hi == addr_mask(ones < 64 ? ones : 64) &&
	       mask.lo == addr_mask(ones > 64 ? ones - 64 : 0);
}

/* Parses what follows the slash of s: a length, or a netmask of the same family. */
static int addr_parse_length(unsigned int *len, const char *text, unsigned int max, const char *s,
			     struct err *e)
{
	struct addr mask;

	if (addr_parse(&mask, text) == 0 && addr_is_v4(mask) == (max == 32)) {
		if (mask_length(len, mask, max))
			return 0;
		return err_set(e, EINVAL, SHOW ": the netmask has a zero before a one", s);
	}
	if (!addr_parse_number(len, text, max))
		return err_set(e, EINVAL, SHOW ": the prefix length must be a number of 0..%u, or "
			       "a netmask", s, max);
	return 0;
}

int addr_parse_prefix(struct addr *first, struct addr *last, const char *s, struct err *e)
{
	const char *slash = strchr(s, '/');
	size_t alen = slash ? (size_t)(slash - s) : strlen(s);
	bool v6 = memchr(s, ':', alen);
	unsigned int max = v6 ? 128 : 32, len = max, bits;
	struct addr a, mask, base;
	char hint[ADDR_STRLEN];
	int err;

	err = addr_parse_part(&a, s, alen, s, e);
	if (!err && slash)
		err = addr_parse_length(&len, slash + 1, max, s, e);
	if (err)
		return err;
	bits = 128 - max + len;
	mask.hi = addr_mask(bits < 64 ? bits : 64);
	mask.lo = addr_mask(bits > 64 ? bits - 64 : 0);
	base = (struct addr){ a.hi & mask.hi, a.lo & mask.lo };
	if (!addr_eq(a, base)) {
		if (v6)
			addr_format_v6(base, hint);
		else
			addr_format(base, hint);
		return err_set(e, EINVAL, SHOW ": host bits are set below the prefix length; "
			       "did you mean %s/%u?", s, hint, len);
	}
	*first = base;
	*last = (struct addr){ base.hi | ~mask.hi, base.lo | ~mask.lo };
	return 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

int addr_parse_range(struct addr *first, struct addr *last, const char *s, struct err *e)
{
	const char *dash = strchr(s, '-'), *second;
	size_t len = dash ? (size_t)(dash - s) : 0;
	struct addr a, b;
	int err;

	if (!dash)
		return err_set(e, EINVAL, SHOW ": not a range, address-address", shown(s));
	while (len && is_space(s[len - 1]))
		len--;
	for (second = dash + 1; is_space(*second); second++)
		;
	err = addr_parse_part(&a, s, len, s, e);
	if (!err)
		err = addr_parse_part(&b, second, strlen(second), s, e);
	if (err)
		return err;
	if (addr_is_v4(a) != addr_is_v4(b))
		return err_set(e, EINVAL, SHOW ": one end is IPv4, the other IPv6", s);
	if (addr_cmp(a, b) > 0)
		return err_set(e, EINVAL, SHOW ": the range ends before it starts", s);
	*first = a;
	*last = b;
	return 0;
}

bool addr_read_port(const char **s, uint16_t *port)
{
	const char *p = *s;
	uint64_t v;

	digits_read(&p, &v);
	if (v == 0 || v > UINT16_MAX)
		return false;
	*s = p;
	*port = (uint16_t)v;
	return true;
}

bool addr_parse_port(const char *s, uint16_t *port)
{
	uint16_t v;

	if (!addr_read_port(&s, &v) || *s)
		return false;
	*port = v;
	return true;
}

/* Parses what follows the colon of s. */
static int addr_port_of(uint16_t *out, const char *text, const char *s, struct err *e)
{
	if (!addr_parse_port(text, out))
		return err_set(e, EINVAL, SHOW ": the port must be a number of 1..65535", s);
	return 0;
}

static int addr_parse_bracketed(struct addr *out, uint16_t *port, const char *s, struct err *e)
{
	const char *end = strchr(s, ']');
	int err;

	if (!end)
		return err_set(e, EINVAL, SHOW ": no ] follows the [", s);
	if (end > s + 1 && !memchr(s, ':', (size_t)(end - s)))
		return err_set(e, EINVAL, SHOW ": only an IPv6 address goes into brackets", s);
	err = addr_parse_part(out, s + 1, (size_t)(end - s) - 1, s, e);
	if (err || !end[1])
		return err;
	if (end[1] != ':')
		return err_set(e, EINVAL, SHOW ": only :port may follow the ]", s);
	return addr_port_of(port, end + 2, s, e);
}

int addr_parse_endpoint(struct addr *out, uint16_t *port, const char *s, struct err *e)
{
	const char *colon = strchr(s, ':');
	struct addr a = { 0, 0 };
	uint16_t p = 0;
	int err;

	if (s[0] == '[') {
		err = addr_parse_bracketed(&a, &p, s, e);
	} else if (!colon || strchr(colon + 1, ':')) {
		err = addr_parse_part(&a, s, strlen(s), s, e);
	} else {
		err = addr_parse_part(&a, s, (size_t)(colon - s), s, e);
		if (!err)
			err = addr_port_of(&p, colon + 1, s, e);
	}
	if (err)
		return err;
	*out = a;
	*port = p;
	return 0;
}
