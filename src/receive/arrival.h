/* arrival: one packet on its way through a receive thread, and whose it is. */
#ifndef TFOMAP_ARRIVAL_H
#define TFOMAP_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"
#include "target.h"
#include "validate.h"

struct entry;
struct sender;

struct arrival {
	struct validate_match m;	/* VALIDATE_UNMATCHED where the packet has a fault */
	enum packet_fault fault;
	const struct packet *p;
	uint64_t x, k;			/* the target's index and position */
	struct sender *sender;		/* that sweeps it, */
	uint64_t pos;			/* and the position in there */
	struct target target;
	struct entry *entry;		/* the target's in the cookie cache, if only until its row
					 * was written; NULL: none */
	int arm;			/* of the sweep that sends the probe; -1: a follow-up */
	bool is_first;			/* the first answer of the target */
	uint64_t ns;			/* when it came, on the run's clock */
};

#endif
