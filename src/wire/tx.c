#include "wire/tx.h"

#include <string.h>

/* Those of --tx, best first. */
static const struct tx_ops *const engines[] = {
#define TX(id, file, doc) &tx_##id,
#include "config/engines.def"
};

#define ENGINES (sizeof(engines) / sizeof(*engines))

const struct tx_ops *tx_find(const char *name)
{
	for (unsigned int i = 0; i < ENGINES; i++)
		if (!strcmp(name, engines[i]->name))
			return engines[i];
	return NULL;
}

/* The best from the i-th on. */
static const struct tx_ops *best_from(unsigned int i, bool sweeps)
{
	for (; i < ENGINES; i++)
		if (engines[i]->wire && sweeps == (engines[i]->sweeper != NULL))
			return engines[i];
	return NULL;
}

const struct tx_ops *tx_best(bool sweeps)
{
	return best_from(0, sweeps);
}

const struct tx_ops *tx_next_best(const struct tx_ops *sweeps)
{
	const struct tx_ops *next;
	unsigned int i = 0;

	while (i < ENGINES && engines[i] != sweeps)
		i++;
	next = best_from(i + 1, true);
	return next ? next : tx_best(false);
}
