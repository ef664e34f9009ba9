#include "receive/entry_machine.h"

#define TO(state)	(1u << ENTRY_##state)
#define ON(event)	(1u << ENTRY_ON_##event)

const struct entry_state_type entry_states[ENTRY_STATES] = {
#define STATE(id, name_, clock_, hears_, waits_for_) [ENTRY_##id] = \
	{ .name = name_, .waits_for = waits_for_, .clock = ENTRY_CLOCK_##clock_, .hears = hears_ },
#include "receive/entry_states.def"
};

const char *const entry_events[ENTRY_EVENTS] = {
#define EVENT(id, what) [ENTRY_ON_##id] = what,
#include "receive/entry_states.def"
};

const char *const entry_actions[ENTRY_ACTIONS] = {
#define ACTION(id, what) [ENTRY_DO_##id] = what,
#include "receive/entry_states.def"
};

const struct entry_rule entry_rules[ENTRY_STATES][ENTRY_EVENTS] = {
#define RULE(state, event, action_, next_) [ENTRY_##state][ENTRY_ON_##event] = \
	{ .action = ENTRY_DO_##action_, .next = next_ },
#include "receive/entry_states.def"
};

const uint32_t entry_never[ENTRY_STATES] = {
#define NEVER(state, events) [ENTRY_##state] = events,
#include "receive/entry_states.def"
};
