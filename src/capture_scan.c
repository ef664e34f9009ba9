#include "capture_scan.h"

#include <errno.h>
#include <stddef.h>

#include "config.h"
#include "err.h"
#include "packet.h"
#include "rx_pcap.h"
#include "targetlist.h"

struct scanning {
	const struct config *c;
	struct rx_pcap *file;
	struct targetlist *list;	/* NULL: only whether anything was sent */
	bool has_sent;
	int rc;
	struct err *e;
};

static bool is_ours(const struct scanning *s, uint16_t port)
{
	return port >= s->c->port_first && port <= s->c->port_last;
}

static void on_frame(void *arg, const struct rx_frame *f)
{
	struct scanning *s = arg;
	const struct packet_tcp *t;
	struct packet p;
	bool out;

	if (s->rc || packet_parse(&p, f->ip, f->ip_caplen) != PACKET_OK)
		return;
	t = &p.tcp;
	/* An ICMP error quotes what was sent. */
	out = is_ours(s, t->sport) && (p.is_icmp || (t->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN);
	s->has_sent |= out && !p.is_icmp;
	if (s->list && out)
		s->rc = targetlist_add(s->list, t->dst, t->dport, TARGETLIST_NO_ORIGIN, s->e);
	else if (s->list && is_ours(s, t->dport))
		s->rc = targetlist_add(s->list, t->src, t->sport, TARGETLIST_NO_ORIGIN, s->e);
}

static int scan(struct scanning *s)
{
	int n = rx_pcap_open_file(&s->file, s->c->rx_file, s->e);

	if (n)
		return n;
	while (n >= 0 && !s->rc && (s->list || !s->has_sent))
		n = rx_pcap_poll(s->file, on_frame, s, s->e);
	rx_pcap_close(s->file);
	/* A file that ends too soon is the reader's to tell of. */
	s->e->msg[0] = s->rc ? s->e->msg[0] : '\0';
	return s->rc;
}

int capture_has_sent(const struct config *c, bool *has_sent, struct err *e)
{
	struct scanning s = { .c = c, .e = e };
	int rc = scan(&s);

	*has_sent = s.has_sent;
	return rc;
}

int capture_list_targets(const struct config *c, struct targetlist *l, struct err *e)
{
	struct scanning s = { .c = c, .list = l, .e = e };

	return scan(&s);
}
