#include "targets/blocklist.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "prefixset.h"
#include "siphash.h"
#include "lists/prefixfile.h"

/* Smaller ranges before those that they lie in: blocklist_why() takes the first. */
static const struct blocklist_row {
	const char *prefix, *what, *rfc;
} special[] = {
	/* IANA IPv4 Special-Purpose Address Registry, and multicast */
	{ "0.0.0.0/8",		"this network",				"RFC 791" },
	{ "10.0.0.0/8",		"private use",				"RFC 1918" },
	{ "100.64.0.0/10",	"shared address space",			"RFC 6598" },
	{ "127.0.0.0/8",	"loopback",				"RFC 1122" },
	{ "169.254.0.0/16",	"link local",				"RFC 3927" },
	{ "172.16.0.0/12",	"private use",				"RFC 1918" },
	{ "192.0.0.0/24",	"IETF protocol assignments",		"RFC 6890" },
	{ "192.0.2.0/24",	"documentation (TEST-NET-1)",		"RFC 5737" },
	{ "192.31.196.0/24",	"AS112-v4",				"RFC 7535" },
	{ "192.52.193.0/24",	"AMT",					"RFC 7450" },
	{ "192.88.99.0/24",	"6to4 relay anycast (deprecated)",	"RFC 7526" },
	{ "192.168.0.0/16",	"private use",				"RFC 1918" },
	{ "192.175.48.0/24",	"direct delegation AS112 service",	"RFC 7534" },
	{ "198.18.0.0/15",	"benchmarking",				"RFC 2544" },
	{ "198.51.100.0/24",	"documentation (TEST-NET-2)",		"RFC 5737" },
	{ "203.0.113.0/24",	"documentation (TEST-NET-3)",		"RFC 5737" },
	{ "224.0.0.0/4",	"multicast",				"RFC 5771" },
	{ "255.255.255.255/32",	"limited broadcast",			"RFC 8190" },
	{ "240.0.0.0/4",	"reserved (class E)",			"RFC 1112" },

	/* IANA IPv6 Special-Purpose Address Registry, inside 2000::/3 */
	{ "2001::/32",		"Teredo",				"RFC 4380" },
	{ "2001:2::/48",	"benchmarking",				"RFC 5180" },
	{ "2001:3::/32",	"AMT",					"RFC 7450" },
	{ "2001:4:112::/48",	"AS112-v6",				"RFC 7535" },
	{ "2001:10::/28",	"ORCHID (deprecated)",			"RFC 4843" },
	{ "2001:20::/28",	"ORCHIDv2",				"RFC 7343" },
	{ "2001:30::/28",	"drone remote ID tags",			"RFC 9374" },
	{ "2001::/23",		"IETF protocol assignments",		"RFC 2928" },
	{ "2001:db8::/32",	"documentation",			"RFC 3849" },
	{ "2002::/16",		"6to4",					"RFC 3056" },
	{ "2620:4f:8000::/48",	"direct delegation AS112 service",	"RFC 7534" },
	{ "3fff::/20",		"documentation",			"RFC 9637" },

	/* and outside of it, where all is special, multicast or not given out */
	{ "::/128",		"unspecified address",			"RFC 4291" },
	{ "::1/128",		"loopback",				"RFC 4291" },
	{ "64:ff9b::/96",	"IPv4-IPv6 translation",		"RFC 6052" },
	{ "64:ff9b:1::/48",	"IPv4-IPv6 translation, local",		"RFC 8215" },
	{ "100::/64",		"discard only",				"RFC 6666" },
	{ "100:0:0:1::/64",	"dummy prefix",				"RFC 9780" },
	{ "5f00::/16",		"segment routing SIDs",			"RFC 9602" },
	{ "fc00::/7",		"unique local",				"RFC 4193" },
	{ "fe80::/10",		"link local",				"RFC 4291" },
	{ "fec0::/10",		"site local (deprecated)",		"RFC 3879" },
	{ "ff00::/8",		"multicast",				"RFC 4291" },
	{ "::/3",		"not global unicast",			"RFC 4291" },
	{ "4000::/2",		"not global unicast",			"RFC 4291" },
	{ "8000::/1",		"not global unicast",			"RFC 4291" },
};

#define SPECIALS (sizeof(special) / sizeof(*special))

int blocklist_add_special(struct prefixset *s)
{
	int err = 0;

	for (size_t i = 0; i < SPECIALS && !err; i++)
		err = prefixfile_add(s, special[i].prefix, UINT64_MAX, NULL);
	return err;
}

const char *blocklist_why(struct addr a, char out[static BLOCKLIST_WHY_LEN])
{
	for (size_t i = 0; i < SPECIALS; i++) {
		const struct blocklist_row *row = &special[i];
		struct addr first, last;

		if (addr_parse_prefix(&first, &last, row->prefix, NULL))
			continue;
		/* ::/3 has the IPv4 addresses inside, as addr.h maps them; see prefixfile_add(). */
		if (addr_is_v4(a) != addr_is_v4(first) || addr_cmp(a, first) < 0 ||
		    addr_cmp(a, last) > 0)
			continue;
		snprintf(out, BLOCKLIST_WHY_LEN, "%s, %s, %s", row->prefix, row->what, row->rfc);
		return out;
	}
	return NULL;
}

int blocklist_hash(const struct prefixset *s, uint64_t *hash)
{
	const struct siphash_key zero = { 0, 0 };
	uint64_t *w = calloc(s->n + 1, 4 * sizeof(*w));

	if (!w)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++) {
		const struct prefixset_range *r = &s->v[i];

		w[4 * i] = r->first.hi;
		w[4 * i + 1] = r->first.lo;
		w[4 * i + 2] = r->last.hi;
		w[4 * i + 3] = r->last.lo;
	}
	*hash = siphash_words(&zero, w, (unsigned int)(4 * s->n), 2, 4);
	free(w);
	return 0;
}
