#include "wire/tx.h"

#include <string.h>

/* Best first; behind those of --tx that of --dryrun. */
static const struct tx_ops *const engines[] = {
#define TX(id, file, doc) &tx_##id,
#include "config/engines.def"
	&tx_dryrun,
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
