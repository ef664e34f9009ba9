/*
 * sweep_frames: the driver of a sweep whose SYNs this thread makes, batch by batch: the passes that
 * trail first, as far as they are due, then new targets.
 */
#ifndef TFOMAP_SWEEP_FRAMES_H
#define TFOMAP_SWEEP_FRAMES_H

struct sweep_driver;

extern const struct sweep_driver sweep_frames;

#endif
