#include "scan/stop.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "output/metadata.h"
#include "scan/exit_status.h"
#include "scan/scan_state.h"
#include "state/control.h"

void stop_block_signals(struct scan *sc)
{
	sigemptyset(&sc->signals);
	sigaddset(&sc->signals, SIGINT);
	sigaddset(&sc->signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &sc->signals, NULL);
}

void stop_request(struct scan *sc, enum stop level, const char *reason, int status)
{
	struct run_facts *f = sc->run;

	if (!f->exit_reason) {
		f->exit_reason = reason;
		f->exit_status = status;
	}
	if ((int)level > atomic_load(&sc->control->stop))
		atomic_store(&sc->control->stop, (int)level);
}

void stop_take_signal(struct scan *sc, uint64_t wait_ns)
{
	const struct timespec wait = { 0, (long)wait_ns };

	if (sigtimedwait(&sc->signals, NULL, &wait) <= 0)
		return;
	if (sc->interrupts++ > 0) {
		stop_request(sc, STOP_NOW, "signal", SCAN_STOPPED);
		pthread_sigmask(SIG_UNBLOCK, &sc->signals, NULL);	/* a third one kills */
		return;
	}
	stop_request(sc, STOP_SENDING, "signal", SCAN_STOPPED);
	if (sc->ending)
		log_notice("waiting for whatever takes the rows (once more to leave now)");
	else
		log_notice("stopping: no more probes; waiting %.3g s for answers (once more to "
			   "leave now)", (double)sc->c->rate.cooldown_ns / NS_PER_S);
}
