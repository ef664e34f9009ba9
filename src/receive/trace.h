/*
 * trace: --verbosity 4: each probe, answer and decision of a run of few targets, as messages: why a
 * target has its verdict. The caller checks that there is one. The one receive thread.
 */
#ifndef TFOMAP_TRACE_H
#define TFOMAP_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence.h"
#include "output/result.h"
#include "cache/entry_cache.h"

#define TRACE_TARGETS_MAX 16

struct arrival;
struct shared;

/* What of a target was logged. */
struct trace_target {
	uint64_t first_ns;		/* when its first SYN was sent; 0: not known */
	uint8_t syns[PLAN_ARMS_MAX];	/* of the sweep's */
	uint8_t round, nflows, tried;	/* the follow-up */
	uint16_t hops;			/* hop probes */
};

struct trace {
	struct shared *s;
	const struct entry_cache *cache;
	struct trace_target v[TRACE_TARGETS_MAX];	/* by position */
};

/* Whether --verbosity wants it, and targets are few; where they are many a message says so. */
bool trace_is_wanted(const struct shared *s);

/* What it points to is the caller's. */
void trace_init(struct trace *t, struct shared *s, const struct entry_cache *cache);

/* What was sent since it was called last. */
void trace_sent(struct trace *t);

/* An answer, as rows_reply() has it. */
void trace_answer(struct trace *t, const struct arrival *a, const struct flow *f,
		  uint64_t sent_ns, const struct reply *r, enum result_repeat repeat, bool late);

/* The server's data before an ACK; an answer to a probe that was not sent. */
void trace_data(struct trace *t, const struct arrival *a);
void trace_unsent(struct trace *t, const struct arrival *a);

/* A step of the cookie cache's (cookies_step_fn); arg: the trace. */
void trace_step(void *arg, const struct entry *en, enum entry_state from, enum entry_event event,
		uint64_t now_ns);

/* The row of position k (rows_look_fn); arg: the trace. */
void trace_row(void *arg, uint64_t k, const struct evidence *ev);

#endif
