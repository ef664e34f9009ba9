/*
 * facts: what a run goes by: set by setup before the threads start, and constant from then on. And
 * what follows from it alone: what the sweep sends to a target, from where, with which bytes.
 */
#ifndef TFOMAP_FACTS_H
#define TFOMAP_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "evidence.h"
#include "order.h"
#include "plan.h"
#include "siphash.h"
#include "state/cookie_store.h"
#include "target.h"
#include "validate.h"
#include "wire/craft.h"

struct neigh;
struct targets;

struct source {
	struct addr addr;
	bool proxied;			/* nobody owns it: tfomap answers for it on the link */
};

/* What it points to is setup's. */
struct facts {
	const struct config *config;
	const struct targets *targets;
	const struct cookie_store *store;	/* cookies of --cookie-file; NULL: none */
	struct order order;
	struct plan plan;
	struct validator validator;
	struct craft craft;
	const char *interface;		/* where packets leave; NULL: nowhere */
	int ifindex;
	uint64_t outage_max_ns;		/* OUTAGE_MAX_NS */
	const struct neigh *neigh;	/* targets on the local link; NULL: none */
	struct source sources[2][CONFIG_SOURCES_MAX];	/* [0] IPv4, [1] IPv6 */
	unsigned int nsources[2];
	bool proxies;			/* some source is proxied (proxy.h): */
	struct craft_link link;		/* src and vlan_id of the replies for it */
	struct siphash_key source_key;	/* chooses among several sources */
	int64_t wall_offset_ns;		/* run's clock + this = Unix time */
	uint64_t file_lag_ns;		/* a capture file's packets come this much out of order */
	uint32_t slots;			/* of the cookie cache */
	bool text;			/* rows are for people */
	bool silent;			/* silent targets are reported, whatever --report says */
	bool wire;			/* something may answer */
	bool tears_down;		/* tfomap resets what its probes open, in every plan: what
					 * the kernel sends a firewall of this host may keep in */
};

/* Whether silent targets get rows, or are counted one by one. */
static inline bool facts_reports_silent(const struct facts *f)
{
	return f->silent || f->config->output.report == REPORT_ALL || f->config->output.expect;
}

/* Before the threads start; CONFIG_SOURCES_MAX of each family at most. */
void facts_add_source(struct facts *f, struct addr a);

/* All of them, IPv4 first. Returns how many. */
unsigned int facts_list_sources(const struct facts *f,
				struct addr out[static 2 * CONFIG_SOURCES_MAX]);

/* From now on tfomap answers for the source address (proxy.h). False: it does not send from it. */
bool facts_proxy_source(struct facts *f, struct addr a);

/* The source address for a target: the same for all its probes; and where there are several. */
struct addr facts_source_of(const struct facts *f, const struct target *t);

/* Another one of the same family, likewise; zero: there is none. */
struct addr facts_elsewhere(const struct facts *f, const struct target *t);

static inline struct addr facts_source(const struct facts *f, const struct target *t)
{
	bool v6 = !addr_is_v4(t->ip);

	return f->nsources[v6] > 1 ? facts_source_of(f, t) : f->sources[v6][0].addr;
}

/*
 * What an arm of the sweep sends to a target: its kind, and in *option the TFO option on it: a
 * cookie of --cookie-file, an empty one, or kind 0: none.
 */
static inline enum probe_kind
facts_sweep_probe(const struct facts *f, const struct target *t, struct addr source,
		  unsigned int arm, struct tfo_option *option)
{
	bool known = f->store && cookie_store_find(f->store, source, t->ip, t->port, option,
						       NULL);
	enum probe_kind kind = plan_arm_kind(&f->plan, arm, known);

	probe_option(kind, option);
	return kind;
}

/* The arm that sends that attempt of a kind, and what it carries; -1: no arm does. */
int facts_sweep_arm(const struct facts *f, const struct target *t, struct addr source,
		    uint8_t kind, uint8_t attempt, struct tfo_option *option);

/*
 * The flow of one probe as it is sent: all but times and answer; and where its tag is known
 * already.
 */
void facts_describe(const struct facts *f, uint64_t x, const struct target *t,
		    struct addr source, uint8_t kind, uint8_t attempt,
		    const struct tfo_option *option, struct flow *out);
void facts_describe_tagged(const struct facts *f, uint64_t x, const struct target *t,
			   struct validate_tag tag, uint8_t kind, uint8_t attempt,
			   const struct tfo_option *option, struct flow *out);

/* The same of what an arm of the sweep sends first. */
void facts_describe_arm(const struct facts *f, uint64_t x, const struct target *t,
			struct addr source, unsigned int arm, struct flow *out);

/* Fills a forged cookie of cookie's length: always the same for a target, and never its own. */
void facts_forge(const struct facts *f, const struct target *t, struct tfo_option *cookie);

/* The payload that a probe to target x carries; returns its length. */
size_t facts_payload(const struct facts *f, uint64_t x, const struct target *t,
		     uint8_t out[static PAYLOAD_MAX]);

#endif
