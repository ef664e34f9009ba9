#include "targets/targets_load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "targets/slip.h"
#include "err.h"
#include "prefixset.h"
#include "saturate.h"
#include "targets/blocklist.h"
#include "lists/hostname.h"
#include "lists/misread.h"
#include "lists/prefixfile.h"
#include "targets/targetlist.h"
#include "targets/targetlist_read.h"
#include "targets/targets.h"
#include "targets/targets_merge.h"
#include "targets/targets_sets.h"
#include "text.h"

#define PAIRS_MAX INT64_MAX	/* N < 2^63 */

struct loading {
	struct targets *t;
	const struct config *c;
	struct prefixset allow, block;
	bool restricted;		/* allow restricts what was named elsewhere */
	uint64_t addresses_max;		/* of one prefix */
	struct addr first;		/* before the blocked were left out, if any was there */
	struct misread misread, misread_block;
};

/* ---- what the command line names ---- */

struct named {
	struct loading *ld;
	uint64_t origin;
	uint16_t port;
};

static int add_named(void *arg, struct addr a, struct err *e)
{
	const struct named *n = arg;

	return targetlist_add(&n->ld->t->list, a, n->port, n->origin, e);
}

/* "name" or "name:port"; len: of the name. */
static int add_name(struct loading *ld, const char *word, size_t len, struct err *e)
{
	struct named n = { .ld = ld };
	char name[HOSTNAME_BUF_LEN], wire[HOSTNAME_BUF_LEN];
	int err;

	memcpy(name, word, len);
	name[len] = '\0';
	if (word[len] && !addr_parse_port(word + len + 1, &n.port))
		return err_set(e, EINVAL, "%.100s: the port must be a number of 1..65535", word);
	err = hostname_to_ascii(name, wire, e);
	if (!err)
		err = targetlist_add_name(&ld->t->list, name, wire, &n.origin, e);
	if (!err)
		err = hostname_resolve(wire, add_named, &n, e);
	return err;
}

static int read_word(struct loading *ld, const char *word, struct err *e)
{
	struct targets *t = ld->t;
	size_t name_len;
	struct addr ip;
	uint16_t port;
	int err;

	if (strchr(word, '/')) {
		t->is_list = false;
		return prefixfile_add(&t->set, word, ld->addresses_max, e);
	}
	if (hostname_is_endpoint(word, &name_len))
		return add_name(ld, word, name_len, e);
	err = addr_parse_endpoint(&ip, &port, word, e);
	if (err)
		return err;
	if (port)
		return targetlist_add(&t->list, ip, port, TARGETLIST_NO_ORIGIN, e);
	misread_note(&ld->misread, word, NULL, 0);
	err = prefixset_add(&t->set, ip, ip);
	return err ? err_set(e, -err, "no memory for another target") : 0;
}

static int add_word(struct loading *ld, const char *word, struct err *e)
{
	char slip[SLIP_LEN];
	struct err why = { "" };
	int err;

	if (slip_is_suffix(ld->c, word, slip))
		return err_set(e, EINVAL, "%.100s: %s", word, slip);
	err = read_word(ld, word, &why);
	if (err && err != -ENOMEM && slip_guess(word, slip))
		return err_set(e, -err, "%.100s: %s", word, slip);
	return err ? err_set(e, -err, "%s", why.msg) : 0;
}

/* ---- all sources ---- */

static int read_blocklist(struct loading *ld, struct err *e)
{
	const struct config *c = ld->c;
	int err = 0;

	if (c->targets.blocklist_file)
		err = prefixfile_read(&ld->block, "--blocklist-file", c->targets.blocklist_file,
				      UINT64_MAX,
				      &ld->misread_block, e);
	if (!err && !c->targets.no_default_blocklist)
		err = blocklist_add_special(&ld->block);
	if (err)
		return err_set(e, -err, "no memory for the blocklist");
	prefixset_seal(&ld->block);
	ld->t->counts.blocklist_ranges = ld->block.n;
	err = blocklist_hash(&ld->block, &ld->t->counts.blocklist_hash);
	return err ? err_set(e, -err, "no memory for the blocklist") : 0;
}

static int read_list(struct loading *ld, struct err *e)
{
	const char *path = ld->c->targets.list_file;
	struct targetlist *l = &ld->t->list;
	int err = targetlist_read(l, path, &ld->misread, e);

	if (!err && l->n_other)
		log_notice("%.200s: entries of other protocols than TCP left out: %" PRIu64,
			   targetlist_name(path), l->n_other);
	return err;
}

static int read_sources(struct loading *ld, struct err *e)
{
	static const char allow[] = "--allowlist-file";
	const struct config *c = ld->c;
	int err = 0;

	ld->restricted = c->targets.allowlist_file && c->targets.list_file;
	for (size_t i = 0; i < c->targets.n && !err; i++)
		err = add_word(ld, c->targets.words[i], e);
	if (!err && ld->restricted) {
		err = prefixfile_read(&ld->allow, allow, c->targets.allowlist_file, UINT64_MAX,
				      &ld->misread, e);
		prefixset_seal(&ld->allow);
	} else if (!err && c->targets.allowlist_file) {
		ld->t->is_list = false;
		err = prefixfile_read(&ld->t->set, allow, c->targets.allowlist_file,
				      ld->addresses_max, &ld->misread, e);
	}
	if (!err && c->targets.list_file)
		err = read_list(ld, e);
	if (!err)
		err = read_blocklist(ld, e);
	return err;
}

/* ---- what is left out ---- */

/* -4, -6: the other family's. */
static int leave_family(struct loading *ld)
{
	struct prefixset other;
	int err;

	if (!ld->c->targets.ipv4_only && !ld->c->targets.ipv6_only)
		return 0;
	prefixset_init(&other);
	err = targets_family(ld->c->targets.ipv4_only, &other);
	if (!err)
		err = targets_take_out(ld->t, &other, &ld->t->counts.other_family);
	prefixset_free(&other);
	return err;
}

/* Where the allowlist restricts: what is not in it. */
static int leave_outside(struct loading *ld)
{
	struct prefixset out;
	int err;

	if (!ld->restricted)
		return 0;
	prefixset_init(&out);
	err = prefixset_add(&out, (struct addr){ 0, 0 },
			    (struct addr){ UINT64_MAX, UINT64_MAX });
	prefixset_seal(&out);
	if (!err)
		err = prefixset_subtract(&out, &ld->allow);
	if (!err)
		err = targets_take_out(ld->t, &out, &ld->t->counts.outside);
	prefixset_free(&out);
	return err;
}

static int leave_blocked(struct loading *ld)
{
	struct targets *t = ld->t;

	if (t->list.n)
		ld->first = t->list.v[0].ip;
	else if (t->set.n)
		ld->first = t->set.v[0].first;
	return targets_take_out(t, &ld->block, &t->counts.blocked);
}

/* ---- in the end ---- */

/* Writes a range as a prefix where it is one, else as first-last. */
static void add_range(struct text *out, const struct prefixset_range *r)
{
	struct addr span = { r->first.hi ^ r->last.hi, r->first.lo ^ r->last.lo };
	unsigned int bits = 0;
	char first[ADDR_STRLEN], last[ADDR_STRLEN];

	addr_format(r->first, first);
	addr_format(r->last, last);
	if (span.hi & (span.hi + 1) || span.lo & (span.lo + 1) || (span.hi && ~span.lo) ||
	    r->first.hi & span.hi || r->first.lo & span.lo) {
		text_add(out, "%s-%s", first, last);
		return;
	}
	for (; span.lo; span.lo >>= 1)
		bits++;
	for (; span.hi; span.hi >>= 1)
		bits++;
	text_add(out, "%s/%u", first, (addr_is_v4(r->first) ? 32 : 128) - bits);
}

/* Before the lists leave anything out, so that their counts are exact. */
static int check_size(const struct targets *t, struct err *e)
{
	uint64_t listed = sat_mul(t->list.n, t->n_ports);
	char largest[2 * ADDR_STRLEN + 8] = "the list";
	struct text text;

	if (sat_add(sat_mul(t->set.count, t->n_ports), listed) <= PAIRS_MAX)
		return 0;
	text_init(&text, largest, sizeof(largest));
	if (t->set.n)
		add_range(&text, prefixset_largest(&t->set));
	return err_set(e, EINVAL, "2^63 targets or more, %s x %" PRIu32 " port%s the largest part; "
		       "name smaller prefixes, fewer ports, or list the addresses "
		       "(--targets-file)", largest, t->n_ports, log_s(t->n_ports));
}

/* Nothing is left: says why. */
static int refuse_empty(const struct loading *ld, struct err *e)
{
	const struct targets_counts *n = &ld->t->counts;
	const struct config *c = ld->c;
	char buf[ERR_MSG_LEN], why[BLOCKLIST_WHY_LEN], first[ADDR_STRLEN];
	struct text text;

	if (n->blocked == 0 && n->outside == 0 && n->other_family == 0)
		return err_set(e, EINVAL, "%s: no target in it", c->targets.list_file ?
			       targetlist_name(c->targets.list_file) : c->targets.allowlist_file);
	text_init(&text, buf, sizeof(buf));
	text_add(&text, "no target is left of %" PRIu64 ":", n->other_family + n->blocked
		 + n->outside);
	if (n->other_family)
		text_add(&text, " %" PRIu64 " IPv%d (%s)%s", n->other_family, c->targets.ipv4_only
			 ? 6 : 4,
			 c->targets.ipv4_only ? "--ipv4" : "--ipv6",
			 n->outside || n->blocked ? "," : "");
	if (n->outside)
		text_add(&text, " %" PRIu64 " outside %.100s%s", n->outside,
			 c->targets.allowlist_file,
			 n->blocked ? "," : "");
	if (n->blocked) {
		const char *special = c->targets.no_default_blocklist ? NULL :
			blocklist_why(ld->first, why);

		addr_format(ld->first, first);
		text_add(&text, " %" PRIu64 " blocked (%s is in %.100s)", n->blocked, first,
			 special ? special : c->targets.blocklist_file);
		if (special)
			text_add(&text, "; --no-default-blocklist lifts the compiled-in ranges");
	}
	return err_set(e, EINVAL, "%s", buf);
}

/* Of what all sources named: each pair once, without what is left out. */
static int choose(struct loading *ld, struct err *e)
{
	struct targets *t = ld->t;
	int err = targets_merge(t, e);

	if (err)
		return err;
	/* The other family is gone before there can be too many. */
	err = leave_family(ld);
	if (!err) {
		err = check_size(t, e);
		if (err)
			return err;
		err = leave_outside(ld);
	}
	if (!err)
		err = leave_blocked(ld);
	if (!err)
		err = targets_arrange(t);
	if (err)
		return err_set(e, -err, "no memory for the targets");
	return t->counts.total ? 0 : refuse_empty(ld, e);
}

/* ---- all of it ---- */

static void log_misread(const struct misread *m, const char *what)
{
	char text[MISREAD_LEN];

	if (misread_describe(m, what, text))
		log_notice("%s", text);
}

/* Fills in the targets, which are empty or a capture's. */
static int fill(struct targets *t, const struct config *c, struct err *e)
{
	struct loading ld = { .t = t, .c = c };
	int err;

	t->is_list = true;
	t->n_ports = c->targets.ports.n;
	t->ports = malloc(c->targets.ports.n * sizeof(*t->ports));
	if (!t->ports)
		return err_set(e, ENOMEM, "no memory for the ports");
	memcpy(t->ports, c->targets.ports.v, c->targets.ports.n * sizeof(*t->ports));
	/* Of IPv4 there are never too many. */
	ld.addresses_max = c->targets.ipv4_only ? UINT64_MAX : PAIRS_MAX / c->targets.ports.n;
	ld.misread.ports = ld.misread_block.ports = t->ports;
	ld.misread.n_ports = ld.misread_block.n_ports = t->n_ports;
	prefixset_init(&ld.allow);
	prefixset_init(&ld.block);
	err = read_sources(&ld, e);
	if (!err)
		err = choose(&ld, e);
	if (!err) {
		log_misread(&ld.misread, ", to be probed at --target-ports");
		log_misread(&ld.misread_block, ", which is blocked");
	}
	prefixset_free(&ld.allow);
	prefixset_free(&ld.block);
	return err;
}

int targets_load(struct targets **out, const struct config *c, struct targetlist *found,
		 struct err *e)
{
	struct targets *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return err_set(e, ENOMEM, "no memory for the targets");
	prefixset_init(&t->set);
	targetlist_init(&t->list);
	targetlist_init(&t->merged);
	if (found) {
		t->list = *found;
		targetlist_init(found);
	}
	err = fill(t, c, e);
	if (err)
		targets_free(t);
	else
		*out = t;
	return err;
}
