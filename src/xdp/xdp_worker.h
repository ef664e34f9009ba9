/*
 * xdp_worker: the thread that is in the kernel, running the program with live frames, while it is
 * the send thread wants it.
 */
#ifndef TFOMAP_XDP_WORKER_H
#define TFOMAP_XDP_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct xdp_program;

enum xdp_wanted { XDP_REST, XDP_RUN, XDP_END };

struct xdp_worker {
	const struct xdp_program *program;
	unsigned int sender;
	pthread_t thread;
	bool started;			/* the send thread's */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	enum xdp_wanted wanted;		/* under lock */
	_Atomic bool inside;		/* it is in the kernel */
	_Atomic int error;		/* -errno of its start, or of its call, after which it has
					 * ended; 0: none */
};

/* sender: whose core it runs on. */
void xdp_worker_init(struct xdp_worker *w, const struct xdp_program *program, unsigned int sender);

/* The first time, starts it. */
void xdp_worker_run(struct xdp_worker *w);

/* Returns when it is out of the kernel. */
void xdp_worker_rest(struct xdp_worker *w);

/* Ends it, if it was started. */
void xdp_worker_close(struct xdp_worker *w);

static inline bool xdp_worker_is_inside(struct xdp_worker *w)
{
	return atomic_load(&w->inside);
}

#endif
