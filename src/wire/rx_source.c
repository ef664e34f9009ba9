#include "wire/rx_source.h"

#include <string.h>

const struct rx_ops *rx_find(const char *word, bool file)
{
	static const struct {
		const char *word;
		bool file;
		const struct rx_ops *ops;
	} sources[] = {
#define RX(id, name, with_file, doc) { #name, with_file, &rx_##id },
#include "config/engines.def"
	};

	for (unsigned int i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		if (!strcmp(word, sources[i].word) && file == sources[i].file)
			return sources[i].ops;
	return NULL;
}
