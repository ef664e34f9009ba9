#include "state/shared.h"

#include <errno.h>
#include <stdlib.h>

/* Whoever waits for it waits for a row, or for a few answers to be taken: no need to sleep. */
static void init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

static void init_part(struct shared *s, unsigned int i)
{
	struct rx_part *p = &s->rx.part[i];

	init_lock(&p->lock);
	stats_chain(&s->rx.stats, &p->stats);
	stats_chain(&s->rx.stats, &p->reading);
}

void shared_set_receivers(struct shared *s, unsigned int n)
{
	/* Those that are there stay in the chain. */
	for (unsigned int i = s->rx.n; i < n; i++)
		if (!s->rx.part[i].stats.more)
			init_part(s, i);
	s->rx.n = n;
}

uint32_t shared_part_slots(const struct shared *s)
{
	uint32_t slots = 1;

	while (slots <= s->facts.slots / s->rx.n / 2)
		slots *= 2;
	return slots;
}

int shared_init_senders(struct shared *s, unsigned int n, const struct sender_sizes *sizes)
{
	int rc = 0;

	s->stamps = calloc(s->facts.slots, sizeof(*s->stamps));
	if (!s->stamps)
		return -ENOMEM;
	s->nsenders = n;
	s->rx.n = 1;
	init_lock(&s->rx.lock);
	stats_chain(&s->rx.stats, &s->control.stats);
	stats_chain(&s->rx.stats, &s->earlier);
	init_part(s, 0);
	for (unsigned int i = 0; i < n && !rc; i++) {
		stats_chain(&s->rx.stats, &s->senders[i].stats);
		rc = sender_init(&s->senders[i], sender_positions(s->facts.order.positions, i, n),
				 &s->facts.plan, sizes);
	}
	return rc;
}

void shared_free_senders(struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++)
		sender_free(&s->senders[i]);
	free(s->stamps);
}

bool shared_swept(const struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++)
		if (!atomic_load_explicit(&s->senders[i].swept, memory_order_acquire))
			return false;
	return true;
}

bool shared_push_segment(struct shared *s, uint64_t k, const struct segment_request *r)
{
	uint64_t pos;

	if (ring_push(&shared_sender(s, k, &pos)->segments, r))
		return true;
	stat_add(&shared_part(s, k)->stats,
		 r->carries_on ? STAT_segments_lost : STAT_cleanup_lost, 1);
	return false;
}

bool shared_clean(const struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++)
		if (ring_count(&s->senders[i].segments))
			return false;
	return true;
}

bool shared_rings_full(const struct shared *s, unsigned int part)
{
	for (unsigned int i = part; i < s->nsenders; i += s->rx.n)
		if (sender_is_backlogged(&s->senders[i]))
			return true;
	return false;
}

uint64_t shared_first_sent_ns(const struct shared *s)
{
	uint64_t first_ns = 0;

	for (unsigned int i = 0; i < s->nsenders; i++) {
		uint64_t ns = atomic_load(&s->senders[i].first_sent_ns);

		if (ns && (!first_ns || ns < first_ns))
			first_ns = ns;
	}
	return first_ns;
}

uint64_t shared_last_sent_ns(const struct shared *s)
{
	uint64_t last_ns = 0;

	for (unsigned int i = 0; i < s->nsenders; i++) {
		uint64_t ns = atomic_load(&s->senders[i].last_sent_ns);

		last_ns = ns > last_ns ? ns : last_ns;
	}
	return last_ns;
}

uint64_t shared_refused_ns(const struct shared *s)
{
	uint64_t longest_ns = 0;

	for (unsigned int i = 0; i < s->nsenders; i++) {
		uint64_t ns = atomic_load_explicit(&s->senders[i].refused_ns, memory_order_relaxed);

		longest_ns = ns > longest_ns ? ns : longest_ns;
	}
	return longest_ns;
}

static bool outages_are_known(const struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++)
		for (unsigned int v6 = 0; v6 < 2; v6++)
			if (atomic_load(&s->senders[i].gateway_changes[v6])
			    != atomic_load(&s->control.gateway.now[v6].changes))
				return false;
	return true;
}

uint64_t shared_silent_ns(const struct shared *s, uint64_t ns)
{
	uint64_t reached_ns = atomic_load(&s->control.gateway.reached_ns),
		 timeout_ns = s->facts.config->probing.timeout_ns;

	if (!reached_ns)
		return ns;
	if (!outages_are_known(s))
		return 0;
	return ns > timeout_ns && ns - timeout_ns > reached_ns ? reached_ns + timeout_ns : ns;
}

const struct err *shared_tx_failure(const struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++)
		if (atomic_load(&s->senders[i].failed))
			return &s->senders[i].err;
	return NULL;
}
