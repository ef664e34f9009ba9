/* outputs: inside of scan: the files that a run writes, from their opening on. Main thread. */
#ifndef TFOMAP_OUTPUTS_H
#define TFOMAP_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct expect;
struct resume;
struct scan;
struct stats;

/*
 * Opens and locks them, but for metadata; nothing is lost yet. sends: probes are, so that cookies
 * come; ip: packets without a link header are. r outlives sc. 0, or -errno with a message.
 */
int outputs_open(struct scan *sc, struct resume *r, bool sends, bool ip, struct err *e);

/*
 * With nothing left that may refuse to start: what earlier runs left in the files goes. Then the
 * checkpoint may count on them. 0, or -errno with a message.
 */
int outputs_begin(struct scan *sc, struct err *e);

/*
 * Writes the first checkpoint, for which saver_request() was answered. 0, or -errno with a message.
 */
int outputs_save(struct scan *sc, uint64_t start_wall_ns, struct err *e);

/*
 * The line of --expect to standard output. stats NULL: nothing was run; status: of the scan; e: why
 * it did not start, or failed. Returns the exit status that takes the scan's place.
 */
int outputs_report_expected(const struct expect *x, const struct stats *stats, int status,
			    struct err *e);

#endif
