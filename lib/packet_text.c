#include "packet_text.h"

#include "text.h"

static void add_endpoint(struct text *t, struct addr a, uint16_t port)
{
	char s[ADDR_STRLEN];

	addr_format(a, s);
	text_add(t, "%s.%u", s, port);
}

static void add_flags(struct text *t, uint8_t flags)
{
	static const struct {
		uint8_t bit;
		const char *letter;
	} letters[] = {
		{ TCP_FIN, "F" }, { TCP_SYN, "S" }, { TCP_RST, "R" }, { TCP_PSH, "P" },
		{ TCP_ACK, "." }, { TCP_URG, "U" }, { TCP_ECE, "E" }, { TCP_CWR, "W" },
	};

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (flags & letters[i].bit)
			text_add(t, "%s", letters[i].letter);
}

static void add_tfo(struct text *t, const struct tfo_option *tfo)
{
	if (tfo->kind != TFO_KIND)
		text_add(t, "exp-");
	if (tfo->state == TFO_EMPTY) {
		text_add(t, "tfo cookie request");
		return;
	}
	text_add(t, "tfo cookie ");
	for (unsigned int i = 0; i < tfo->len; i++)
		text_add(t, "%02x", tfo->cookie[i]);
}

static void add_option(struct text *t, const struct tcpopts *o, uint8_t kind)
{
	if (kind == TCPOPT_KIND_EOL)
		text_add(t, "eol");
	else if (kind == TCPOPT_KIND_NOP)
		text_add(t, "nop");
	else if (kind == TCPOPT_KIND_MSS && o->has_mss)
		text_add(t, "mss %u", o->mss);
	else if (kind == TCPOPT_KIND_WSCALE && o->has_wscale)
		text_add(t, "wscale %u", o->wscale);
	else if (kind == TCPOPT_KIND_SACK_OK)
		text_add(t, "sackOK");
	else if (kind == TCPOPT_KIND_TIMESTAMPS)
		text_add(t, "TS");
	else if (kind == o->tfo.kind && o->tfo.state != TFO_ABSENT)
		add_tfo(t, &o->tfo);
	else
		text_add(t, "unknown-%u", kind);
}

void packet_text(const struct packet_tcp *p, char out[static PACKET_TEXT_LEN])
{
	struct tcpopts o;
	struct text t;

	tcpopt_parse(&o, p->opts, p->opts_len);
	text_init(&t, out, PACKET_TEXT_LEN);
	text_add(&t, "%s ", addr_is_v4(p->dst) ? "IP" : "IP6");
	add_endpoint(&t, p->src, p->sport);
	text_add(&t, " > ");
	add_endpoint(&t, p->dst, p->dport);
	text_add(&t, ": Flags [");
	add_flags(&t, p->flags);
	text_add(&t, "], seq %u, ", p->seq);
	if (p->flags & TCP_ACK)
		text_add(&t, "ack %u, ", p->ack);
	text_add(&t, "win %u, ", p->window);
	for (unsigned int i = 0; i < o.n; i++) {
		text_add(&t, i ? "," : "options [");
		add_option(&t, &o, o.kinds[i]);
	}
	text_add(&t, "%slength %u", o.n ? "], " : "", p->payload_len);
}
