#include "state/exit_reason.h"

const struct exit_reason_type exit_reasons[REASONS] = {
#define EXIT_REASON(id, name, status, doc) [REASON_##id] = { name, status },
#include "state/exit_reason.def"
#undef EXIT_REASON
};
