/* sweep_export: a sender's sweep as plain facts, for an engine that makes its SYNs by itself. */
#ifndef TFOMAP_SWEEP_EXPORT_H
#define TFOMAP_SWEEP_EXPORT_H

struct shared;
struct tx_sweep;

/*
 * Of that sender, which sends at rate_pps (0: no limit). Targets are prefixes x ports, and no
 * cookies are known. Main thread, before the threads start; *out points into *s.
 */
void sweep_export(struct tx_sweep *out, struct shared *s, unsigned int sender, double rate_pps);

#endif
