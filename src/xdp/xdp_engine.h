/*
 * xdp_engine: what the engines whose sweep is made in the kernel have in common. bpf/sweep.bpf.c is
 * run by a thread of its own, on one core, for as long as there is something to sweep. Frames
 * (follow-ups, segments) go the same way while it runs, else through tx_packet. The window's
 * statuses, the send logs and the ring of frames live in maps that both sides see. What the driver
 * or a queue refuses is sent again; where it goes on refusing tx_packet sends it, or reports what
 * is wrong. The calls are those of wire/tx.h.
 */
#ifndef TFOMAP_XDP_ENGINE_H
#define TFOMAP_XDP_ENGINE_H

#include "xdp/xdp_program.h"

struct err;
struct tx_frame;
struct tx_setup;

int xdp_engine_open(void **state, enum xdp_way way, const struct tx_setup *setup, struct err *e);
int xdp_engine_send(void *state, const struct tx_frame *frames, unsigned int n);
int xdp_engine_close(void *state, struct err *e);

#endif
