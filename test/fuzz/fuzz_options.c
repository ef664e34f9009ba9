/*
 * Any bytes as the option area of a segment, or of a SYN that an ICMP error quotes, IPv4 or IPv6
 * with extension headers: found where it is, read as a plain reader reads it, kept as evidence.
 * The input: 4 bytes (struct form), the area, then what fills the extension headers.
 */
#include "../unit/wire.h"
#include "evidence.h"
#include "fuzz.h"
#include "packet_text.h"

#define EXTENSIONS_MAX	4
#define DLEN		18

struct form {
	bool v6, quoted, rst;
	unsigned int n_extensions;
	size_t area_len;		/* as it goes into the header: padded */
	size_t cut;			/* bytes that the end of the packet lacks */
	uint8_t said;			/* the header's length, in words: where it lies */
	bool lies;
};

/* ---- a plain reader ------------------------------------------------------------------------ */

struct plain {
	uint8_t kinds[TCPOPT_AREA_MAX];
	size_t n;
	bool malformed;
	int mss, wscale;		/* -1: none */
	size_t tfo_at, tfo_len;		/* cookie bytes */
	enum tfo_state tfo;
	uint8_t tfo_kind;
};

/* Bytes before the cookie, from the option's kind on; 0: no TFO option. have: bytes there. */
static size_t tfo_head(const uint8_t *p, size_t have)
{
	if (p[0] == TFO_KIND)
		return 2;
	if ((p[0] == TFO_KIND_EXP || p[0] == TFO_KIND_EXP1) && have >= 4 && p[2] == TFO_EXID >> 8
	    && p[3] == (TFO_EXID & 0xff))
		return 4;
	return 0;
}

static void plain_option(struct plain *o, const uint8_t *area, size_t at, size_t len)
{
	size_t head = tfo_head(area + at, len);

	if (area[at] == TCPOPT_KIND_MSS && len == 4)
		o->mss = area[at + 2] << 8 | area[at + 3];
	if (area[at] == TCPOPT_KIND_WSCALE && len == 3)
		o->wscale = area[at + 2];
	if (!head)
		return;
	o->tfo_kind = area[at];
	o->tfo_at = at + head;
	o->tfo_len = len - head;
	o->tfo = len == head ? TFO_EMPTY : tfo_cookie_len_ok(len - head) ? TFO_COOKIE : TFO_ODD;
}

static void plain_read(struct plain *o, const uint8_t *area, size_t len)
{
	size_t at = 0, head;

	*o = (struct plain){ .mss = -1, .wscale = -1 };
	while (at < len) {
		o->kinds[o->n++] = area[at];
		if (area[at] == TCPOPT_KIND_EOL)
			return;
		if (area[at] == TCPOPT_KIND_NOP) {
			at++;
			continue;
		}
		if (at + 1 < len && area[at + 1] >= 2 && at + area[at + 1] <= len) {
			plain_option(o, area, at, area[at + 1]);
			at += area[at + 1];
			continue;
		}
		o->malformed = true;
		head = tfo_head(area + at, len - at);
		/* A length below 2 is none: nothing of it was cut. */
		if (o->tfo != TFO_ABSENT || !head || (at + 1 < len && area[at + 1] < 2))
			return;
		o->tfo = TFO_CUT;
		o->tfo_kind = area[at];
		o->tfo_at = at + head < len ? at + head : len;
		o->tfo_len = len - o->tfo_at;
		return;
	}
}

static void check_options(const struct tcpopts *o, const uint8_t *area, size_t len)
{
	char text[TCPOPT_TEXT_LEN], plain_text[TCPOPT_TEXT_LEN] = "", *end = plain_text;
	struct plain p;

	plain_read(&p, area, len);
	MUST(o->n == p.n && (!p.n || memcmp(o->kinds, p.kinds, p.n) == 0));
	MUST(o->malformed == p.malformed);
	MUST(o->has_mss == (p.mss >= 0) && (p.mss < 0 || o->mss == p.mss));
	MUST(o->has_wscale == (p.wscale >= 0) && (p.wscale < 0 || o->wscale == p.wscale));
	MUST(o->tfo.state == p.tfo && o->tfo.kind == p.tfo_kind && o->tfo.len == p.tfo_len);
	MUST(!p.tfo_len || memcmp(o->tfo.cookie, area + p.tfo_at, p.tfo_len) == 0);
	MUST(!p.tfo_len || o->tfo_at == p.tfo_at);
	for (size_t i = 0; i < p.n; i++)
		end += snprintf(end, (size_t)(plain_text + sizeof(plain_text) - end), "%s%u",
				i ? "-" : "", p.kinds[i]);
	tcpopt_text(o, text);
	MUST(strcmp(text, plain_text) == 0);
}

/* A usable cookie is written as it was read. */
static void check_written(const struct tfo_option *o)
{
	uint8_t out[TFO_OPTION_MAX];
	struct tcpopts again;

	if ((o->state != TFO_COOKIE && o->state != TFO_EMPTY) || o->kind == TFO_KIND_EXP1)
		return;
	tcpopt_parse(&again, out, tfo_write(o->kind, o->cookie, o->len, out));
	MUST(again.n == 1 && again.tfo.kind == o->kind && again.tfo.state == o->state);
	MUST(again.tfo.len == o->len && memcmp(again.tfo.cookie, o->cookie, o->len) == 0);
}

/* ---- the packet ---------------------------------------------------------------------------- */

/* Writes extension headers before the n bytes at body; returns how long all is then. */
static size_t extend(const struct form *f, struct fuzz_input *in, uint8_t *body, size_t n,
		     uint8_t *proto)
{
	static const uint8_t protos[EXTENSIONS_MAX] = { 0, 43, 60, 44 };	/* RFC 8200 4 */

	for (unsigned int i = f->n_extensions; i-- > 0;) {
		bool fragment = protos[i] == 44;
		size_t len = fragment ? 8 : 8 * (1 + fuzz_byte(in) % 4u);

		memmove(body + len, body, n);
		for (size_t k = 0; k < len; k++)
			body[k] = fuzz_byte(in);
		body[0] = *proto;
		body[1] = (uint8_t)(len / 8 - 1);
		if (fragment)
			put_be16(body + 2, get_be16(body + 2) & 6);	/* the only one */
		*proto = protos[i];
		n += len;
	}
	return n;
}

/* The segment's IP packet; returns its length. */
static size_t write_segment(const struct form *f, struct fuzz_input *in, const uint8_t *area,
			    uint8_t out[static WIRE_MAX])
{
	const struct wire w = {
		.src = f->v6 ? (struct addr){ 3, 4 } : addr_from_v4(0xc6120407),
		.dst = f->v6 ? (struct addr){ 1, 2 } : addr_from_v4(0xc6120001),
		.sport = 443, .dport = 20000, .seq = 7, .ack = 8 + DLEN,
		.flags = f->rst ? TCP_RST | TCP_ACK : TCP_SYN | TCP_ACK,
		.opts = area, .opts_len = f->area_len,
	};
	size_t n = wire_tcp(&w, out);
	uint8_t *tcp = out + (f->v6 ? 40 : 20);

	if (f->lies)
		tcp[12] = (uint8_t)(f->said << 4);
	if (!f->v6)
		return n;
	n = 40 + extend(f, in, out + 40, n - 40, &out[6]);
	put_be16(out + 4, (uint16_t)(n - 40));
	return n;
}

static void check_packet(const struct form *f, const struct packet *p, const uint8_t *area)
{
	const struct packet_tcp *t = &p->tcp;
	size_t have = f->area_len > f->cut ? f->area_len - f->cut : 0;
	size_t said = f->lies ? f->said * 4u - 20u : f->area_len;
	char text[PACKET_TEXT_LEN];

	MUST(p->is_icmp == f->quoted && t->seq == 7);
	MUST(t->sport == 443 && t->dport == 20000);
	MUST(t->opts_len == (said < have ? said : have));
	MUST(t->opts_cut == (said > have));
	MUST(!t->opts_len || memcmp(t->opts, area, t->opts_len) == 0);
	packet_text(t, text);
	for (const char *s = text; *s; s++)
		MUST(*s >= ' ' && *s < 0x7f);
}

static void check_evidence(const struct packet *p)
{
	struct flow f = { .kind = PROBE_DATA, .sent = 1, .dlen = DLEN, .synkind = TFO_KIND };
	struct tcpopts o, kept;
	struct reply r;

	tcpopt_parse(&o, p->tcp.opts, p->tcp.opts_len);
	evidence_reply(&r, p, DLEN, 5);
	MUST(r.tfo.state == o.tfo.state && r.tfo.kind == o.tfo.kind && r.tfo.len == o.tfo.len);
	MUST(!r.tfo.len || memcmp(reply_cookie(&r), o.tfo.cookie, r.tfo.len) == 0);
	MUST(r.opts_bad == o.malformed);
	if (o.tfo.len <= TFO_COOKIE_MAX) {
		f.synlen = o.tfo.len;
		f.synkind = o.tfo.kind;
		memcpy(f.syncookie, o.tfo.cookie, o.tfo.len);
	}
	MUST(evidence_take(&f, &r) && !evidence_take(&f, &r));
	MUST(f.stripped == (p->is_icmp && f.synkind && !p->tcp.opts_cut && !o.malformed
			    && o.tfo.state == TFO_ABSENT));
	evidence_options(&f, &kept);
	MUST(p->is_icmp ? kept.n == 0 : memcmp(&kept, &o, sizeof(o)) == 0);
	MUST(evidence_gives(&f) == (r.class == REPLY_SYNACK && o.tfo.state == TFO_COOKIE
				    && o.tfo.kind != TFO_KIND_EXP1));
	if (r.class == REPLY_SYNACK && f.synkind && o.tfo.len <= TFO_COOKIE_MAX)
		MUST(evidence_echoes(&f) == (o.tfo.state != TFO_CUT));
}

static struct form read_form(struct fuzz_input *in)
{
	uint8_t flags = fuzz_byte(in), area = fuzz_byte(in), cut = fuzz_byte(in);
	struct form f = {
		.v6 = flags & 1, .quoted = flags & 2, .rst = flags & 4,
		.n_extensions = flags & 1 ? (flags >> 3) % (EXTENSIONS_MAX + 1) : 0,
		.area_len = area % 11 * 4u, .said = 5 + (fuzz_byte(in) % 11), .lies = flags & 64,
	};

	/* What comes after the area is none of this: so the packet ends with it. */
	f.cut = flags & 128 ? cut % (f.area_len + 1) : 0;
	return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = { data, len };
	struct form f = read_form(&in);
	uint8_t area[TCPOPT_AREA_MAX], buf[WIRE_MAX], outer[WIRE_MAX], *own;
	struct tcpopts o;
	struct packet p;
	size_t n;

	for (size_t i = 0; i < f.area_len; i++)
		area[i] = fuzz_byte(&in);
	own = fuzz_copy(area, f.area_len);
	tcpopt_parse(&o, own, f.area_len);
	check_options(&o, own, f.area_len);
	check_written(&o.tfo);
	free(own);
	n = write_segment(&f, &in, area, buf) - f.cut;
	if (f.quoted)
		n = wire_icmp(f.v6 ? (struct addr){ 5, 6 } : addr_from_v4(0xc6120409),
			      f.v6 ? (struct addr){ 3, 4 } : addr_from_v4(0xc6120407),
			      f.v6 ? 1 : 3, 1, buf, n, outer);
	own = fuzz_copy(f.quoted ? outer : buf, n);
	MUST(packet_parse(&p, own, n) == PACKET_OK);
	check_packet(&f, &p, area);
	check_evidence(&p);
	free(own);
	return 0;
}
