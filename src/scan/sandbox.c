#include "scan/sandbox.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "base/places.h"
#include "base/privileges.h"
#include "base/syscalls.h"
#include "base/thread.h"
#include "config/config.h"
#include "err.h"

#define PLACES	2

/*
 * The one place that says so: what sanitizers, coverage and valgrind do beside the program (map
 * code, trace, write files of their own) is not what the filter and Landlock allow.
 */
#ifdef TFOMAP_INSTRUMENTED
static const bool is_instrumented = true;
#else
static const bool is_instrumented = false;
#endif

/* The files of the run that are opened while it runs; all others are open. */
static void list_places(const struct config *c, struct place places[static PLACES])
{
	places[0] = (struct place){ .path = c->records.metadata_file, .replaced = true };
	places[1] = (struct place){ .path = c->records.checkpoint, .replaced = true };
}

/* Without Landlock the filter still lets no file be written where none is to be. */
static const char *what_remains(bool writes, bool filtered)
{
	return writes || !filtered ? "files may be written wherever this user may"
	       : "files may be read wherever this user may, and none be written";
}

/* Landlock first: the filter has no call for it. */
static void restrict_calls(const struct config *c)
{
	struct err landlock = { "" }, seccomp = { "" };
	struct place places[PLACES];
	bool writes = false;

	list_places(c, places);
	for (size_t i = 0; i < PLACES; i++)
		writes |= places[i].path != NULL;
	(void)places_restrict(places, PLACES, &landlock);
	(void)syscalls_restrict(writes, c->records.verbosity >= LOG_DEBUG, &seccomp);
	if (landlock.msg[0])
		log_info("%s: %s", landlock.msg, what_remains(writes, !seccomp.msg[0]));
	if (seccomp.msg[0])
		log_info("%s: any system call may be made, without privilege", seccomp.msg);
}

int sandbox_enter(const struct config *c, struct err *e)
{
	unsigned int others = privileges_other_threads();
	int rc = privileges_drop(c->records.user, e);

	if (rc)
		return rc;
	if (others)
		log_info("%u thread%s that a library has started keep%s its capabilities", others,
			 log_s(others), others == 1 ? "s" : "");
	if (is_instrumented)
		log_info("no seccomp filter and no Landlock, as this build is instrumented");
	else
		restrict_calls(c);
	return threads_release(e);
}
