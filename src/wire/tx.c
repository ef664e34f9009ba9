#include "wire/tx.h"

#include <string.h>

/* The registry, best first: `auto` takes the first. The last is --dryrun's, not for --tx. */
static const struct tx_ops *const engines[] = {
	&tx_packet, &tx_xdp, &tx_libnet, &tx_pcap, &tx_null, &tx_dryrun,
};

const struct tx_ops *tx_find(const char *name)
{
	if (!strcmp(name, "auto"))
		return engines[0];
	for (unsigned int i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (!strcmp(name, engines[i]->name))
			return engines[i];
	return NULL;
}
