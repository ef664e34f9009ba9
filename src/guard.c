#include "guard.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"

struct guard {
	struct nft_ctx *nft;		/* its socket owns the table */
};

/* The first line of what nftables said. */
static void first_line(const char *text, char *out, size_t len)
{
	snprintf(out, len, "%.*s", (int)strcspn(text ? text : "", "\n"), text ? text : "");
}

/* The reset of a SYN/ACK or of data has no ACK (RFC 9293 3.10.7.1); those of closed ports have. */
int guard_open(struct guard **out, uint16_t port_first, uint16_t port_last, struct err *e)
{
	struct guard *g = calloc(1, sizeof(*g));
	char rules[400], why[200];

	if (!g)
		return err_set(e, ENOMEM, "out of memory");
	g->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!g->nft) {
		free(g);
		return err_set(e, ENOMEM, "libnftables cannot start");
	}
	nft_ctx_buffer_error(g->nft);
	snprintf(rules, sizeof(rules),
		 "table inet tfomap-%ld { flags owner; chain output { "
		 "type filter hook output priority 0; policy accept; "
		 "tcp sport %u-%u tcp flags & (rst | ack) == rst drop; }; }",
		 (long)getpid(), port_first, port_last);
	if (nft_run_cmd_from_buffer(g->nft, rules) == 0) {
		*out = g;
		return 0;
	}
	first_line(nft_ctx_get_error_buffer(g->nft), why, sizeof(why));
	guard_close(g);
	return err_set(e, EPERM, "no nftables table (%s)", why);
}

/* The kernel drops the table with its owner. */
void guard_close(struct guard *g)
{
	if (!g)
		return;
	nft_ctx_free(g->nft);
	free(g);
}
