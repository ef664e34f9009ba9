#include "opttab_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "err.h"
#include "hex.h"
#include "opttab_reading.h"

/* "80" or "80-90" at *s, stepped over. */
static int read_port_range(const struct reading *rd, const char **s, uint16_t *first,
			   uint16_t *last)
{
	bool ok = addr_read_port(s, first);

	*last = *first;
	if (ok && **s == '-') {
		++*s;
		ok = addr_read_port(s, last);
	}
	if (!ok)
		return reading_fails(rd, "a port is a number from 1 to 65535");
	if (*first > *last)
		return reading_fails(rd, "the range %u-%u runs backwards", *first, *last);
	return 0;
}

/* Marks first..last in set; returns how many of them are new there. */
static uint32_t mark_ports(bool set[static UINT16_MAX + 1], uint32_t first, uint32_t last)
{
	uint32_t n = 0;

	for (uint32_t port = first; port <= last; port++) {
		n += !set[port];
		set[port] = true;
	}
	return n;
}

/* Marks the ports that the value names in set, which is empty. *n: how many. */
static int read_port_set(const struct reading *rd, bool set[static UINT16_MAX + 1], uint32_t *n)
{
	const char *s = rd->value;

	*n = 0;
	if (strcmp(s, "*") == 0) {
		*n = mark_ports(set, 1, UINT16_MAX);
		return 0;
	}
	for (;; s++) {
		uint16_t first, last;
		int err = read_port_range(rd, &s, &first, &last);

		if (err)
			return err;
		*n += mark_ports(set, first, last);
		if (!*s)
			return 0;
		if (*s != ',')
			return reading_fails(rd, "not a list of ports, such as 80,8000-8100 or *");
	}
}

int opttab_parse_ports(const struct reading *rd)
{
	bool *set = calloc(UINT16_MAX + 1, sizeof(*set));
	uint16_t *v = NULL;
	uint32_t n;
	int err;

	if (!set)
		return err_set(rd->e, ENOMEM, "--%s: out of memory", rd->row->name);
	err = read_port_set(rd, set, &n);
	if (err)
		goto out;
	v = malloc(n * sizeof(*v));
	if (!v) {
		err = err_set(rd->e, ENOMEM, "--%s: out of memory", rd->row->name);
		goto out;
	}
	for (uint32_t port = 1, i = 0; i < n; port++)
		if (set[port])
			v[i++] = (uint16_t)port;
	free(*(uint16_t **)reading_member(rd));
	*(uint16_t **)reading_member(rd) = v;
	*(uint32_t *)reading_also(rd) = n;
out:
	free(set);
	return err;
}

int opttab_parse_port_range(const struct reading *rd)
{
	const char *s = rd->value;
	uint16_t first, last;
	int err = read_port_range(rd, &s, &first, &last);

	if (err)
		return err;
	if (*s)
		return reading_fails(rd, "not a range of ports, such as 10000-32767");
	*(uint16_t *)reading_member(rd) = first;
	*(uint16_t *)reading_also(rd) = last;
	return 0;
}

static bool addr_in(const struct addr *v, size_t n, struct addr a)
{
	for (size_t i = 0; i < n; i++)
		if (addr_eq(v[i], a))
			return true;
	return false;
}

/* Whether packets can come from it: not the unspecified, a multicast or the broadcast address. */
static bool is_host(struct addr a)
{
	const struct addr zero = { 0, 0 };
	uint32_t v4;

	if (!addr_is_v4(a))
		return !addr_eq(a, zero) && a.hi >> 56 != 0xff;
	v4 = addr_v4(a);
	return v4 >> 24 != 0 && v4 >> 28 != 0xe && v4 != UINT32_MAX;
}

int opttab_parse_addrs(const struct reading *rd)
{
	struct addr *v = reading_member(rd);
	const char *s = rd->value;
	size_t n = 0;

	for (;; s++) {
		size_t len = strcspn(s, ",");
		char word[ADDR_STRLEN];
		struct addr a;

		if (len < sizeof(word)) {
			memcpy(word, s, len);
			word[len] = '\0';
		}
		if (!len)
			return reading_fails(rd, "an address is missing");
		if (len >= sizeof(word) || addr_parse(&a, word))
			return reading_fails(rd, "%.*s is not an IPv4 or IPv6 address "
					     "(several are separated by commas)", (int)len, s);
		if (!is_host(a))
			return reading_fails(rd, "%s is not the address of one host", word);
		if (!addr_in(v, n, a)) {
			if ((double)n >= rd->row->max)
				return reading_fails(rd, "more than %.15g addresses", rd->row->max);
			v[n++] = a;
		}
		s += len;
		if (!*s)
			break;
	}
	*(size_t *)reading_also(rd) = n;
	return 0;
}

int opttab_parse_mac(const struct reading *rd)
{
	static const uint8_t zero[6];
	uint8_t mac[6];

	if (!hex_read(rd->value, ':', mac, 6) && !hex_read(rd->value, '-', mac, 6))
		return reading_fails(rd, "not a MAC address, such as 02:00:5e:10:00:01");
	if (mac[0] & 1 || memcmp(mac, zero, 6) == 0)
		return reading_fails(rd, "not the address of one neighbour");
	memcpy(reading_member(rd), mac, 6);
	reading_mark(rd);
	return 0;
}

int opttab_parse_hex(const struct reading *rd)
{
	size_t n = (size_t)rd->row->max;
	uint8_t *bytes = malloc(n);
	bool ok;

	if (!bytes)
		return err_set(rd->e, ENOMEM, "--%s: out of memory", rd->row->name);
	ok = hex_read(rd->value, '\0', bytes, n);
	if (ok) {
		memcpy(reading_member(rd), bytes, n);
		reading_mark(rd);
	}
	free(bytes);
	return ok ? 0 : reading_fails(rd, "must be exactly %zu hexadecimal digits", 2 * n);
}
