/*
 * tx_sweep: what an engine that makes the SYNs of a sender's sweep by itself goes by: which target
 * a position is, how its SYN is made, and where what is sent is noted down.
 */
#ifndef TFOMAP_TX_SWEEP_H
#define TFOMAP_TX_SWEEP_H

#include <stdint.h>

#include "addr.h"
#include "lookup.h"
#include "order.h"
#include "patch.h"
#include "siphash.h"
#include "validate_tag.h"
#include "window_status.h"

#define TX_SWEEP_SOURCES_MAX	256
#define TX_SWEEP_LIST_MAX	(1u << 29)	/* bytes: a program reaches no further */

struct window;

/* What an arm sends: enum probe_kind, and its SYN without addresses, ports and numbers. */
struct tx_sweep_arm {
	uint32_t kind;
	const struct patch_template *syn[2];	/* [0] IPv4, [1] IPv6 */
};

/* What it points to is constant, and looked at while the engine opens; but for the window. */
struct tx_sweep {
	const struct order *order;
	const struct lookup *lookup;		/* of the targets, in arrays */
	struct lookup_arrays arrays;
	const struct validator *validator;
	struct siphash_key source_key;		/* chooses among the sources (source.h) */
	uint32_t n_sources[2];			/* [0] IPv4, [1] IPv6 */
	struct addr sources[2][TX_SWEEP_SOURCES_MAX];
	uint32_t sender, n_senders;		/* sender_shard.h */
	double rate_pps;			/* of the sender; 0: no limit */
	struct tx_sweep_arm arms[WINDOW_ARMS_MAX];
	/*
	 * The sender's: how many arms and passes there are. Its statuses and logs move into the
	 * engine's memory (window_move()) as it opens, and stay there until it is closed.
	 */
	struct window *window;
	uint64_t head;			/* the position that it begins at */
};

#endif
