/* Any bytes as a captured packet. */
#include "read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct validate_match m;

	read_packet(data, len, &m);
	return 0;
}
