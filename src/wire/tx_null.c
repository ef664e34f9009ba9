/* tx_null: takes every packet and sends none: what a scan costs without the wire. */
#include <stddef.h>

#include "wire/tx.h"

static int null_open(void **state, const struct tx_setup *setup, struct err *e)
{
	(void)setup;
	(void)e;
	*state = NULL;
	return 0;
}

static int null_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	(void)state;
	(void)frames;
	return (int)n;
}

static int null_close(void *state, struct err *e)
{
	(void)state;
	(void)e;
	return 0;
}

const struct tx_ops tx_null = {
	.name = "null",
	.open = null_open,
	.send = null_send,
	.close = null_close,
};
