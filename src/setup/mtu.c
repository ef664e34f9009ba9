#include "setup/mtu.h"

#include <errno.h>

#include "err.h"
#include "state/facts.h"
#include "targets/targets.h"

/* As long as an address can be written: what a payload may say in the place of a domain. */
#define LONGEST_V4	"255.255.255.255"
#define LONGEST_V6	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

static bool sends_payload(const struct plan *p)
{
	uint8_t attempts[PROBE_KINDS];

	if (!p->payload)
		return false;
	plan_attempts(p, attempts);
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++)
		if (probe_types[kind].payload && attempts[kind])
			return true;
	return false;
}

/* The longest payload to the prefixes' targets of a family, which have no domains. */
static size_t prefixes_payload(const struct facts *f, bool v6)
{
	uint64_t n = targets_counts(f->targets)->from_prefixes;
	uint8_t bytes[PAYLOAD_MAX];
	size_t longest = 0;

	/* The first address has all ports. */
	for (uint64_t x = 0; x < n; x++) {
		struct target t = targets_at(f->targets, x);
		size_t len = payload_build(&f->config->probing.payload, t.port, "",
					   v6 ? LONGEST_V6 : LONGEST_V4, bytes);

		if (!addr_eq(t.ip, targets_at(f->targets, 0).ip))
			break;
		longest = len > longest ? len : longest;
	}
	return longest;
}

/* The longest payload to the lists' targets of a family. */
static size_t lists_payload(const struct facts *f, bool v6)
{
	const struct targets_counts *n = targets_counts(f->targets);
	uint8_t bytes[PAYLOAD_MAX];
	size_t longest = 0;

	for (uint64_t x = n->from_prefixes; x < n->total; x++) {
		struct target t = targets_at(f->targets, x);
		size_t len = addr_is_v4(t.ip) == v6 ? 0 : facts_payload(f, x, &t, bytes);

		longest = len > longest ? len : longest;
	}
	return longest;
}

static size_t longest_payload(const struct facts *f, bool v6)
{
	size_t prefixes = prefixes_payload(f, v6), lists = lists_payload(f, v6);

	return prefixes > lists ? prefixes : lists;
}

int mtu_check(const struct facts *f, unsigned int mtu, struct err *e)
{
	bool payload = sends_payload(&f->plan);

	for (unsigned int v6 = 0; v6 < 2 && mtu && f->wire; v6++) {
		size_t len = craft_syn_max(&f->craft, v6);

		if (!(v6 ? targets_have_v6(f->targets) : targets_have_v4(f->targets)))
			continue;
		/* Where all payloads fit, none need be looked at. */
		if (payload && len + PAYLOAD_MAX > mtu)
			len += longest_payload(f, v6);
		if (len > mtu)
			return err_set(e, EMSGSIZE, "interface %s has an MTU of %u bytes, and SYNs "
				       "may have %zu with their payload: give a shorter one "
				       "(--payload, none: no data is sent), or raise the MTU",
				       f->interface, mtu, len);
	}
	return 0;
}
