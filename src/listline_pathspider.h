/*
 * listline_pathspider: a line of PATHspider's ndjson, {"dip":"192.0.2.1","dp":443,"domain":".",..},
 * as a target. dp and domain may be left out or null; other keys are the target's info.
 */
#ifndef TFOMAP_LISTLINE_PATHSPIDER_H
#define TFOMAP_LISTLINE_PATHSPIDER_H

#include "listline.h"

/*
 * The info of a line of fewer bytes fits struct target_extra: writing a number in another form
 * makes it and its comma five times as long at most (0.1 as 0.10000000000000001).
 */
#define PATHSPIDER_INFO_FITS (TARGETS_INFO_LEN / 5)

/* As listline_parse(), of a line that begins with a brace. */
int pathspider_parse(struct listline *out, char *text, struct target_extra *x, struct err *e);

#endif
