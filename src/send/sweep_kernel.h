/*
 * sweep_kernel: the driver of a sweep that the engine's own sweeper makes (tx.h): it grants credit
 * from the sender's budget, up to an in-flight limit, says how far each pass may go, and counts
 * what was done. What the sweeper hands back goes as frames.
 */
#ifndef TFOMAP_SWEEP_KERNEL_H
#define TFOMAP_SWEEP_KERNEL_H

struct sweep_driver;

extern const struct sweep_driver sweep_kernel;

#endif
