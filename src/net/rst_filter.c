#include "net/rst_filter.h"

#include <cap-ng.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "err.h"
#include "wire/tx.h"

struct rst_filter {
	struct nft_ctx *nft;		/* its socket owns the table */
};

/*
 * libnftables ends the process where there is no such socket, and writes to standard error where
 * the right is missing. 0 or -errno.
 */
static int check_netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return -errno;
	close(fd);
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) ? 0 : -EPERM;
}

/* What may help depends on what the kernel said, which libnftables has in its text alone. */
static int refuse(const char *text, struct err *e)
{
	int len = (int)strcspn(text, "\n");

	if (strstr(text, strerror(EPERM)))
		return err_set(e, EPERM, "no nftables table (%.*s; root or CAP_NET_ADMIN helps)",
			       len, text);
	return err_set(e, EIO, "no nftables table (%.*s; look whether this kernel has nf_tables: "
		       "nft list tables)", len, text);
}

/*
 * What no socket of this host waits for the kernel would answer with a reset, only to have that
 * dropped: a fifth of what an answered target costs. Kernels without nft_socket do not know it. An
 * answer to a connection that nat or IPVS of this host redirects finds its socket only after those
 * (NF_IP_PRI_NAT_SRC, 100).
 */
#define INPUT_CHAIN "chain input { type filter hook input priority 300; policy accept; " \
	"tcp dport %u-%u tcp flags & (syn | ack) == (syn | ack) jump unasked; }; " \
	"chain unasked { socket wildcard <= 1 accept; drop; }; "

/*
 * A process is not alone with its number where others have a PID namespace of their own: the name
 * has a random part. The reset of a SYN/ACK or of data has no ACK (RFC 9293 3.10.7.1); those of
 * closed ports have.
 */
static int load_rules(struct nft_ctx *nft, uint16_t port_first, uint16_t port_last, bool input)
{
	char rules[600], chain[300] = "";
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	if (input)
		snprintf(chain, sizeof(chain), INPUT_CHAIN, port_first, port_last);
	snprintf(rules, sizeof(rules), "table inet tfomap-%ld-%016" PRIx64 " { flags owner; %s"
		 "chain output { type filter hook output priority 0; policy accept; "
		 "meta mark != %u tcp sport %u-%u tcp flags & (rst | ack) == rst drop; }; }",
		 (long)getpid(), random, chain, TX_MARK, port_first, port_last);
	return nft_run_cmd_from_buffer(nft, rules) ? -EIO : 0;
}

int rst_filter_open(struct rst_filter **out, uint16_t port_first, uint16_t port_last, struct err *e)
{
	int rc = check_netlink();
	struct rst_filter *g;

	if (rc)
		return refuse(strerror(-rc), e);
	g = calloc(1, sizeof(*g));
	if (g)
		g->nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!g || !g->nft) {
		free(g);
		return err_set(e, ENOMEM, "no nftables table (out of memory)");
	}
	nft_ctx_buffer_error(g->nft);
	rc = load_rules(g->nft, port_first, port_last, true);
	if (rc == -EIO) {
		(void)nft_ctx_get_error_buffer(g->nft);
		rc = load_rules(g->nft, port_first, port_last, false);
	}
	if (!rc) {
		*out = g;
		return 0;
	}
	rc = refuse(rc == -EIO ? nft_ctx_get_error_buffer(g->nft) : strerror(-rc), e);
	rst_filter_close(g);
	return rc;
}

/* The kernel drops the table with its owner. */
void rst_filter_close(struct rst_filter *g)
{
	if (!g)
		return;
	nft_ctx_free(g->nft);
	free(g);
}
