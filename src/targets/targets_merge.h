/* targets_merge: each pair once, whatever named it. */
#ifndef TFOMAP_TARGETS_MERGE_H
#define TFOMAP_TARGETS_MERGE_H

struct err;
struct targets;

/*
 * Of what was read into the set and the list: seals the one, sorts the other, and takes out of it
 * what repeats, which counts in counts.merged; entries whose pairs are in another part are kept
 * beside, where any has a domain or info. 0, or -ENOMEM with a message.
 */
int targets_merge(struct targets *t, struct err *e);

#endif
