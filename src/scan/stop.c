#include "scan/stop.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "base/clock.h"
#include "state/exit_reason.h"
#include "base/log.h"
#include "records/metadata.h"
#include "scan/scan_state.h"
#include "state/control.h"

/* Under nohup(1) it is ignored, and stays so; blocked, it would be taken. */
static bool is_ignored(int number)
{
	struct sigaction as;

	return sigaction(number, NULL, &as) == 0 && as.sa_handler == SIG_IGN;
}

void stop_list_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	if (!is_ignored(SIGHUP))
		sigaddset(signals, SIGHUP);
}

void stop_block_signals(struct scan *sc)
{
	stop_list_signals(&sc->signals);
	pthread_sigmask(SIG_BLOCK, &sc->signals, NULL);
}

void stop_request(struct scan *sc, enum stop level, enum exit_reason reason)
{
	struct run_facts *f = sc->run;

	if (f->exit_reason == REASON_RUNNING) {
		f->exit_reason = reason;
		f->exit_status = exit_reasons[reason].status;
	}
	if ((int)level > atomic_load(&sc->control->stop))
		atomic_store(&sc->control->stop, (int)level);
}

void stop_take_signal(struct scan *sc, uint64_t wait_ns)
{
	const struct timespec wait = { 0, (long)wait_ns };
	int number = sigtimedwait(&sc->signals, NULL, &wait);

	/* Kernel and shell both send it as a terminal goes: nobody has asked twice. */
	if (number <= 0 || (number == SIGHUP && sc->interrupts))
		return;
	if (sc->interrupts++ > 0) {
		stop_request(sc, STOP_NOW, REASON_SIGNAL);
		pthread_sigmask(SIG_UNBLOCK, &sc->signals, NULL);	/* a third one kills */
		return;
	}
	stop_request(sc, STOP_SENDING, REASON_SIGNAL);
	if (sc->ending)
		log_notice("waiting for the output's reader (interrupt again to quit now)");
	else
		log_notice("stopping: no more probes; waiting %.3g s for answers (interrupt "
			   "again to quit now)", (double)sc->c->rate.cooldown_ns / NS_PER_S);
}
