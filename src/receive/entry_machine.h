/*
 * entry_machine: the table entry_states.def as values: which action an event brings to a target in
 * a state, and which states may follow. cookies.c goes by it. Constant.
 */
#ifndef TFOMAP_ENTRY_MACHINE_H
#define TFOMAP_ENTRY_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum entry_state {
#define STATE(id, name, clock, hears, waits_for) ENTRY_##id,
#include "receive/entry_states.def"
	ENTRY_STATES
};

enum entry_event {
#define EVENT(id, what) ENTRY_ON_##id,
#include "receive/entry_states.def"
	ENTRY_EVENTS
};

enum entry_action {
#define ACTION(id, what) ENTRY_DO_##id,
#include "receive/entry_states.def"
	ENTRY_ACTIONS
};

/* Whose time ends the wait in a state. */
enum entry_clock { ENTRY_CLOCK_NONE, ENTRY_CLOCK_NOW, ENTRY_CLOCK_SENDING, ENTRY_CLOCK_READ };

struct entry_state_type {
	const char *name, *waits_for;
	enum entry_clock clock;
	bool hears;			/* what a server that took data says is noted */
};

struct entry_rule {
	enum entry_action action;
	uint16_t next;			/* bits 1 << enum entry_state; 0: there is no such rule */
};

extern const struct entry_state_type entry_states[ENTRY_STATES];
extern const char *const entry_events[ENTRY_EVENTS];
extern const char *const entry_actions[ENTRY_ACTIONS];
extern const struct entry_rule entry_rules[ENTRY_STATES][ENTRY_EVENTS];

/* Bits 1 << enum entry_event: what cannot happen in that state. */
extern const uint32_t entry_never[ENTRY_STATES];

#endif
