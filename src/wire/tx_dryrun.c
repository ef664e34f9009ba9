/* tx_dryrun: prints what would be sent to standard output, a line a packet. Sends nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "packet_text.h"
#include "wire/tx.h"

#define ETHERTYPE_AT	12		/* in an Ethernet header */
#define ETHERTYPE_VLAN	0x8100		/* 802.1Q: four more bytes */

struct dryrun_state {
	bool iplayer;
	struct err *why;
};

static int dryrun_open(void **state, const struct tx_setup *setup, struct err *e)
{
	struct dryrun_state *s = malloc(sizeof(*s));

	if (!s)
		return err_set(e, ENOMEM, "out of memory for the dry run");
	*s = (struct dryrun_state){ .iplayer = setup->iplayer, .why = setup->why };
	*state = s;
	return 0;
}

/* The bytes before the IP header. */
static size_t link_len(const struct dryrun_state *s, const uint8_t *frame)
{
	if (s->iplayer)
		return 0;
	return ETHERTYPE_AT + (get_be16(frame + ETHERTYPE_AT) == ETHERTYPE_VLAN ? 6 : 2);
}

static int fails(struct err *e, int code)
{
	return err_set(e, code, "cannot write packets to standard output: %s; %s", strerror(code),
		       code == EPIPE ? "its reader has exited"
		       : "write them elsewhere and run again");
}

static int dryrun_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	const struct dryrun_state *s = state;
	char line[PACKET_TEXT_LEN];
	struct packet p;

	for (unsigned int i = 0; i < n; i++) {
		size_t link = link_len(s, frames[i].data);

		if (packet_parse(&p, frames[i].data + link, frames[i].len - link) != PACKET_OK)
			return err_set(s->why, EINVAL, "a crafted packet cannot be parsed (a bug "
			       "of tfomap)");
		packet_text(&p.tcp, line);
		if (puts(line) < 0)
			return fails(s->why, errno);
	}
	return fflush(stdout) == 0 ? (int)n : fails(s->why, errno);
}

static int dryrun_close(void *state, struct err *e)
{
	(void)e;	/* every batch was written out */
	free(state);
	return 0;
}

const struct tx_ops tx_dryrun = {
	.name = "dryrun",
	.one_thread = true,
	.open = dryrun_open,
	.send = dryrun_send,
	.close = dryrun_close,
};
