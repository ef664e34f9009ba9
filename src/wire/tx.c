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

const struct tx_ops *tx_best(bool sweeps)
{
	for (unsigned int i = 0; i < ENGINES; i++)
		if (engines[i]->wire && sweeps == (engines[i]->sweeper != NULL))
			return engines[i];
	return NULL;
}
