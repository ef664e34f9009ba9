/*
 * shared: what the send and the receive thread both see. The first part is set before they start
 * and read-only from then on; every other member says who writes it.
 */
#ifndef TFOMAP_SHARED_H
#define TFOMAP_SHARED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/stats.h"
#include "err.h"
#include "gaps.h"
#include "order.h"
#include "plan.h"
#include "ring.h"
#include "sender_shard.h"
#include "state/cookiefile.h"
#include "targets/targets.h"
#include "validate.h"
#include "window.h"
#include "wire/craft.h"

#define SENDERS_MAX CONFIG_THREADS_MAX

struct capfile;
struct config;
struct neigh;

/* A probe that is due to a target beyond the sweep's: receive thread to send thread. */
struct followup {
	uint64_t x;			/* the target's index */
	struct target target;
	struct addr source;
	uint32_t slot;			/* in the cookie cache: where the send time is stamped */
	uint8_t kind, attempt;
	struct tfo_option cookie;
};

/*
 * What stamps[] says of a follow-up: 0: it waits in the ring; the time: it was sent then. With
 * STAMP_LEAVING beside the time it is in the engine's hands, and may leave, or be refused and
 * handed over again: its slot is not yet free for another. STAMP_NOT_SENT: it was given up.
 */
#define STAMP_LEAVING	(1ull << 63)
#define STAMP_NOT_SENT	UINT64_MAX

/* A connection that a SYN/ACK opened and that nobody else resets: likewise. */
struct cleanup {
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	bool acknowledge;		/* an ACK instead of the RST, which follows */
};

struct source {
	struct addr addr;
	bool proxied;			/* nobody owns it: tfomap answers for it on the link */
};

/*
 * How far the end has come: on; no more probes, answers are awaited; over, all rows are written;
 * leave at once, rows that are not whole are not written.
 */
enum stop { STOP_NOT, STOP_SENDING, STOP_OVER, STOP_NOW };

/* Where frames of a family go that no neighbour on the link takes; main thread. */
struct gateway_now {
	_Atomic uint32_t changes;	/* it has moved, or is back, that often */
	_Atomic uint64_t mac;		/* since the first of them */
	_Atomic uint64_t heard_ns;	/* before the last of them it was last heard */
};

/*
 * One send thread's part of the sweep (sender.h): its positions, counted from 0, their window, what
 * it is asked to send beside them, and its counters. Nothing in it is another send thread's.
 */
struct sender {
	uint64_t positions;		/* set before the threads start */
	struct window window;		/* window.h says who */
	struct ring followups, cleanups;	/* receive -> send */
	char pad[64];
	/* The send thread's from here on; any thread reads. */
	_Atomic uint64_t first_sent_ns, last_sent_ns;	/* SYNs; 0: none yet */
	_Atomic uint64_t refused_ns;	/* for how long its engine has taken nothing; 0: it takes */
	_Atomic bool swept;		/* every probe of the sweep was sent */
	_Atomic bool failed;		/* then err is set */
	struct err err;
	struct gaps gaps;		/* what was sent then may not have come past the gateway, */
	struct gaps outages;		/* or not have been answered: the interface was down */
	_Atomic uint32_t gateway_changes[2];	/* that it has followed: IPv4, IPv6 */
	struct stats stats;		/* stats.def says which */
};

struct shared {
	const struct config *config;
	const struct targets *targets;
	const struct cookie_store *store;	/* cookies of --cookie-file; NULL: none */
	struct capfile *capture;	/* --save-pcap; NULL: not asked for */
	struct order order;
	struct plan plan;
	struct validator validator;
	struct craft craft;
	const char *interface;		/* where packets leave; NULL: nowhere. Setup's */
	int ifindex;
	uint64_t outage_max_ns;		/* OUTAGE_MAX_NS */
	struct neigh *neigh;		/* targets on the local link; NULL: none. Setup's */
	struct source sources[2][CONFIG_SOURCES_MAX];	/* [0] IPv4, [1] IPv6 */
	unsigned int nsources[2];
	bool proxies;			/* some source is proxied (proxy.h): */
	struct craft_link link;		/* src and vlan_id of the answers for it */
	struct siphash_key source_key;	/* chooses among several sources */
	int64_t wall_offset_ns;		/* run's clock + this = Unix time */
	uint64_t file_lag_ns;		/* a capture file's packets come this much out of order */
	uint32_t slots;			/* of the cookie cache */
	bool wire;			/* something may answer */
	bool tears_down;		/* tfomap resets what its probes open, in every plan: what
					 * the kernel sends a firewall of this host may keep in */

	unsigned int nsenders;		/* send threads, 1..SENDERS_MAX */
	struct sender senders[SENDERS_MAX];
	struct ring questions;		/* receive -> the first sender's send thread, struct
					 * neighbour_request; where there are proxies */
	_Atomic uint64_t *stamps;	/* [slots], heap: 0 by the receive thread when it asks,
					 * the rest (above) by the send thread */
	_Atomic bool crowded;		/* receive: the cookie cache is half full */
	_Atomic bool behind;		/* receive: answers wait that may soon find no room */
	_Atomic bool output_full;	/* receive: rows or files wait for whatever takes them */
	_Atomic uint64_t looked_ns;	/* receive: when it last looked for answers; 0: not yet */
	_Atomic uint32_t pending;	/* receive: targets in the cookie cache */
	_Atomic bool awaits;		/* receive: some position may still be answered in time */
	_Atomic bool settles;		/* receive: connections that took data are to be closed */
	_Atomic bool finished;		/* receive: every target has its row; its resets are in
					 * the rings */
	_Atomic int stop;		/* main: enum stop */
	struct gateway_now gateways[2];	/* main: [0] IPv4, [1] IPv6 */
	_Atomic bool gateway_silent;	/* main: none is there to send to */
	_Atomic uint64_t reached_ns;	/* main: the silence of who was asked later is no proof:
					 * the gateway may be gone; 0: not known */
	struct stats main_stats;	/* main */
	_Atomic bool rx_failed, rx_full;	/* receive: failed, then rx_err is set; rx_full:
					 * --max-results rows are written */
	struct err rx_err;
	struct stats stats;		/* receive; and what is read of the senders' with them */
};

/* The sender that position k belongs to, and its position in there. */
static inline struct sender *shared_sender(struct shared *s, uint64_t k, uint64_t *pos)
{
	*pos = sender_pos(k, s->nsenders);
	return &s->senders[sender_of(k, s->nsenders)];
}

/* Of a sender; powers of two. */
struct shared_sizes {
	uint64_t window;		/* positions */
	uint64_t keep_ns;		/* how long its logs know when a position was sent */
	uint32_t followups, cleanups;	/* in the rings */
};

/*
 * Makes n senders; after plan, order and config. 0 or -ENOMEM; shared_free_senders() in any case.
 */
int shared_init_senders(struct shared *s, unsigned int n, const struct shared_sizes *sizes);
void shared_free_senders(struct shared *s);

/* Of all senders, for any thread: every probe of the sweep was sent; nothing waits for clean-up. */
bool shared_swept(const struct shared *s);
bool shared_clean(const struct shared *s);

/* Whether so much waits for some send thread that its rings may soon be full. Receive thread. */
bool shared_rings_full(const struct shared *s);

/* When the first and the last SYN was sent; 0: none was yet. */
uint64_t shared_first_sent_ns(const struct shared *s);
uint64_t shared_last_sent_ns(const struct shared *s);

/*
 * Whether what the sender sent to ip at sent_ns (0: not known) may not have come past the gateway.
 */
bool shared_astray(const struct shared *s, const struct sender *l, struct addr ip,
		   uint64_t sent_ns);

/* Whether so did all attempts of an arm that is silent, by the position's status in the window. */
bool shared_pos_astray(const struct shared *s, const struct sender *l, uint64_t pos,
		       struct addr ip, uint16_t status);

/*
 * Receive thread: the clock of time-outs, of which ns would be the time: it stands still while the
 * gateway may be gone, and until all senders know their gaps.
 */
uint64_t shared_silent_ns(const struct shared *s, uint64_t ns);

/* The failure of a send thread; NULL: none failed. */
const struct err *shared_tx_failure(const struct shared *s);

/* Before the threads start; CONFIG_SOURCES_MAX of each family at most. */
void shared_add_source(struct shared *s, struct addr a);

/* All of them, IPv4 first. Returns how many. */
unsigned int shared_list_sources(const struct shared *s,
				 struct addr out[static 2 * CONFIG_SOURCES_MAX]);

/* From now on tfomap answers for the source address (proxy.h). False: it does not send from it. */
bool shared_proxy_source(struct shared *s, struct addr a);

/* The source address for a target: the same for all its probes; and where there are several. */
struct addr shared_source_of(const struct shared *s, const struct target *t);

static inline struct addr shared_source(const struct shared *s, const struct target *t)
{
	bool v6 = !addr_is_v4(t->ip);

	return s->nsources[v6] > 1 ? shared_source_of(s, t) : s->sources[v6][0].addr;
}

/*
 * What an arm of the sweep sends to a target: its kind, and in *option the TFO option on it: a
 * cookie of --cookie-file, an empty one, or kind 0: none.
 */
static inline enum probe_kind
shared_sweep_probe(const struct shared *s, const struct target *t, struct addr source,
		   unsigned int arm, struct tfo_option *option)
{
	bool known = s->store && cookiefile_find(s->store, source, t->ip, t->port, option);
	enum probe_kind kind = plan_arm_kind(&s->plan, arm, known);

	if (probe_types[kind].option == PROBE_OPTION_ASK)
		*option = (struct tfo_option){ .state = TFO_EMPTY, .kind = TFO_KIND };
	else if (probe_types[kind].option == PROBE_OPTION_ASK_EXP)
		*option = (struct tfo_option){ .state = TFO_EMPTY, .kind = TFO_KIND_EXP };
	else if (probe_types[kind].option == PROBE_OPTION_NONE)
		*option = (struct tfo_option){ .state = TFO_ABSENT };
	return kind;
}

/* The arm that sends that attempt of a kind, and what it carries; -1: no arm does. */
int shared_sweep_arm(const struct shared *s, const struct target *t, struct addr source,
		     uint8_t kind, uint8_t attempt, struct tfo_option *option);

/*
 * The flow of one probe as it is sent: all but times and answer; and where its tag is known
 * already.
 */
void shared_describe(const struct shared *s, uint64_t x, const struct target *t,
		     struct addr source, uint8_t kind, uint8_t attempt,
		     const struct tfo_option *option, struct flow *f);
void shared_describe_tagged(const struct shared *s, uint64_t x, const struct target *t,
			    struct validate_tag tag, uint8_t kind, uint8_t attempt,
			    const struct tfo_option *option, struct flow *f);

/* Fills a forged cookie of cookie's length: always the same for a target, and never its own. */
void shared_forge(const struct shared *s, const struct target *t, struct tfo_option *cookie);

/* The payload that a probe to target x carries; returns its length. */
size_t shared_payload(const struct shared *s, uint64_t x, const struct target *t,
		      uint8_t out[static PAYLOAD_MAX]);

static inline bool shared_stopping(const struct shared *s, enum stop level)
{
	return atomic_load_explicit(&s->stop, memory_order_relaxed) >= (int)level;
}

#endif
