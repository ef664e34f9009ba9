/*
 * verdict: pure functions from a target's evidence to one verdict, to PATHspider's conditions and
 * to path signals (tfomap(8): VERDICTS, CONDITIONS, SIGNALS). One table each for words and rules.
 */
#ifndef TFOMAP_VERDICT_H
#define TFOMAP_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence.h"

enum verdict {
#define VERDICT(id, name, rule) VERDICT_##id,
#include "verdict.def"
#undef VERDICT
	VERDICTS
};

enum condition {
#define CONDITION(id, name) CONDITION_##id,
#include "condition.def"
#undef CONDITION
	CONDITIONS
};

enum signal {
#define SIGNAL(id, name, doc) SIGNAL_##id,
#include "signal.def"
#undef SIGNAL
	SIGNALS
};

struct verdict_type {
	const char *name;
	const char *rule;	/* one line for --list-verdicts and the manual */
};

extern const struct verdict_type verdict_types[VERDICTS];
extern const char *const condition_names[CONDITIONS];
extern const struct verdict_type signal_types[SIGNALS];

/* The first rule that fits; rules see only probes that were sent. */
enum verdict verdict_decide(const struct evidence *ev);

/* True for the verdicts that say that something on the path blocks: worth a second look. */
bool verdict_is_blocked(enum verdict v);

/* Bit 1 << enum condition, resp. 1 << enum signal. */
uint32_t verdict_conditions(const struct evidence *ev);
uint32_t verdict_signals(const struct evidence *ev);

#endif
