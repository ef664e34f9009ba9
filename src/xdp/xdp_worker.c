#include "xdp/xdp_worker.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>

#include "base/cpu.h"
#include "xdp/xdp_program.h"

#define RUN_FRAMES	(1u << 28)	/* of one call, which a signal ends */
#define KICK_NS		200000
#define KICK_SIGNAL	SIGUSR1

static void *work(void *arg)
{
	struct xdp_worker *w = arg;
	int rc = 0;

	pthread_mutex_lock(&w->lock);
	while (w->wanted != XDP_END && !rc) {
		if (w->wanted == XDP_REST) {
			pthread_cond_wait(&w->wake, &w->lock);
			continue;
		}
		atomic_store(&w->inside, true);
		pthread_mutex_unlock(&w->lock);
		rc = xdp_program_run(w->program, RUN_FRAMES);
		pthread_mutex_lock(&w->lock);
		atomic_store(&w->inside, false);
		if (rc == -EINTR)
			rc = 0;
	}
	pthread_mutex_unlock(&w->lock);
	atomic_store(&w->error, rc);
	return NULL;
}

/* By who sends, so that it has no more privileges than that. */
static bool start(struct xdp_worker *w)
{
	int rc = w->started ? 0 : pthread_create(&w->thread, NULL, work, w);

	if (rc) {
		atomic_store(&w->error, -rc);
		return false;
	}
	if (!w->started)
		cpu_pin_sender(w->thread, w->sender);
	w->started = true;
	return true;
}

static void want(struct xdp_worker *w, enum xdp_wanted wanted)
{
	pthread_mutex_lock(&w->lock);
	w->wanted = wanted;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

/* The signal may come just before the call, which it then does not end: so until it is over. */
static void call_out(struct xdp_worker *w)
{
	const struct timespec pause = { 0, KICK_NS };

	while (atomic_load(&w->inside)) {
		pthread_kill(w->thread, KICK_SIGNAL);
		nanosleep(&pause, NULL);
	}
}

static void on_kick(int signal)
{
	(void)signal;
}

void xdp_worker_init(struct xdp_worker *w, const struct xdp_program *program, unsigned int sender)
{
	const struct sigaction kick = { .sa_handler = on_kick };

	*w = (struct xdp_worker){ .program = program, .sender = sender };
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	sigaction(KICK_SIGNAL, &kick, NULL);
}

void xdp_worker_run(struct xdp_worker *w)
{
	if (start(w))
		want(w, XDP_RUN);
}

void xdp_worker_rest(struct xdp_worker *w)
{
	want(w, XDP_REST);
	call_out(w);
}

void xdp_worker_close(struct xdp_worker *w)
{
	if (!w->started)
		return;
	want(w, XDP_END);
	call_out(w);
	pthread_join(w->thread, NULL);
	w->started = false;
}
