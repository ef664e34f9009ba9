/* tx_pcap: writes what would be sent to a capture file. Needs no privilege, sends nothing. */
#include <errno.h>
#include <stddef.h>

#include "base/clock.h"
#include "wire/capfile.h"
#include "wire/tx.h"

static int pcap_engine_open(void **state, const struct tx_setup *setup, struct err *e)
{
	struct capfile *f;
	int rc = capfile_open(&f, setup->file, setup->iplayer, false, e);

	if (rc)
		return rc;
	*state = f;
	rc = capfile_begin(f, e);
	if (rc)
		(void)capfile_close(f, NULL);
	return rc;
}

static int pcap_engine_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	uint64_t wall_ns;

	/* Whoever reads it is slow: the caller tries again soon. */
	if (capfile_is_full(state))
		return -EAGAIN;
	wall_ns = clock_now_ns() + (uint64_t)clock_wall_offset_ns();

	for (unsigned int i = 0; i < n; i++)
		capfile_write(state, frames[i].data, frames[i].len, frames[i].len, wall_ns);
	return (int)n;
}

static int pcap_engine_close(void *state, struct err *e)
{
	return capfile_close(state, e);
}

const struct tx_ops tx_pcap = {
	.name = "pcap",
	.one_thread = true,
	.open = pcap_engine_open,
	.send = pcap_engine_send,
	.close = pcap_engine_close,
};
