/* exit_reason: why a run ended, and what the process ends with: EXIT STATUS of tfomap(8). */
#ifndef TFOMAP_EXIT_REASON_H
#define TFOMAP_EXIT_REASON_H

enum scan_status {
	SCAN_COMPLETE = 0, SCAN_INPUT = 1, SCAN_START = 2, SCAN_FAILED = 3, SCAN_STOPPED = 4,
};

enum exit_reason {
#define EXIT_REASON(id, name, status, doc) REASON_##id,
#include "state/exit_reason.def"
#undef EXIT_REASON
	REASONS
};

struct exit_reason_type {
	const char *name;
	enum scan_status status;
};

extern const struct exit_reason_type exit_reasons[REASONS];

#endif
