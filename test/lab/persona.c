/*
 * The lab's persona responder: answers TCP SYNs as no kernel would.
 *
 *   persona INTERFACE WORDS...
 *
 * It says "ready" when it listens. Each WORDS is one persona, numbered from 0; at an address
 * stands the persona of the number that the address's last 15 bits leave when divided by how many
 * there are, on every port. A persona is a sound TFO server (RFC 7413, both option kinds, cookies
 * of 8 bytes) but for its words, joined by commas; `sound` says nothing. See words[].
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "persona_io.h"
#include "persona_wire.h"

/* What a SYN is to a persona, as bits. */
enum {
	PLAIN = 1, BLIND = 2, REQUEST = 4, VALID = 8, WRONG = 16,
	ANY = PLAIN | BLIND | REQUEST | VALID | WRONG,
};

/* What the bytes of a TFO option look like. */
enum form { WELL, LENGTH_0, LENGTH_1, TAIL, PAST, TWO };

enum reset { RESET_BEFORE = 1, RESET_AFTER, RESET_BARE };

struct persona {
	int cookie, kind, other_kind, only, off, zero, rotate, blank, unsolicited;
	int form, header;
	int any, free, ack, renew, echo;
	int payload, fin, window0, far, ece;
	int forge, twice, reply, reply_first, page, reset;
	int refuse, mute, quote, stripped, beside, delay, hold;
};

#define NUMBER	(-1)	/* the word is followed by =N */

static const struct word {
	const char *name;
	size_t at;
	int value;
} words[] = {
#define WORD(name, field, value) { name, offsetof(struct persona, field), value }
	/* what it gives */
	WORD("sound", off, 0),
	WORD("off", off, 1),			/* knows no TFO */
	WORD("only", only, NUMBER),		/* knows this option kind alone */
	WORD("cookie", cookie, NUMBER),		/* gives cookies of N bytes */
	WORD("kind", kind, NUMBER),		/* gives them in this kind, whatever was asked */
	WORD("other-kind", other_kind, 1),	/* gives them in the kind that was not asked */
	WORD("zero", zero, 1),			/* its cookie is all zeros */
	WORD("rotate", rotate, 1),		/* a new cookie each time, none ever valid */
	WORD("blank", blank, 1),		/* knows its cookies, gives none */
	WORD("unsolicited", unsolicited, 1),	/* gives one to who did not ask, too */
	WORD("length-0", form, LENGTH_0),	/* the option's length byte */
	WORD("length-1", form, LENGTH_1),
	WORD("tail", form, TAIL),		/* the option is its kind byte, the header's last */
	WORD("past", form, PAST),		/* the option runs past the header's end */
	WORD("two", form, TWO),			/* a wrong option before the right one */
	WORD("header", header, 1),		/* the TCP header runs past the packet's end */
	/* what it takes */
	WORD("any", any, 1),			/* every cookie that is well formed */
	WORD("free", free, 1),			/* data with a cookie and without */
	WORD("ack", ack, NUMBER),		/* acknowledges N % of the data that it takes */
	WORD("renew", renew, NUMBER),		/* gives a new cookie of N bytes with that */
	WORD("echo", echo, ANY),		/* the option comes back as it went */
	WORD("echo-cookie", echo, VALID | WRONG),
	/* how its SYN/ACK looks */
	WORD("payload", payload, 1),		/* with data, where it took data */
	WORD("fin", fin, 1),
	WORD("window-0", window0, 1),
	WORD("far", far, 1),			/* another hop limit to SYNs with the option */
	WORD("ece", ece, 1),
	/* what comes beside it */
	WORD("forge", forge, 1),		/* first answers that fit no probe */
	WORD("twice", twice, 1),
	WORD("reply", reply, 1),		/* data behind it, where it took data */
	WORD("reply-first", reply_first, 1),	/* the same, but it overtakes the SYN/ACK */
	WORD("page", page, 1),			/* data behind it where none was taken */
	WORD("reset-before", reset, RESET_BEFORE),
	WORD("reset-after", reset, RESET_AFTER),
	WORD("reset-bare", reset, RESET_BARE),	/* before it, without ACK */
	/* what comes in place of it */
	WORD("refuse", refuse, ANY),		/* RST/ACK; acknowledges what the SYN/ACK would */
	WORD("refuse-valid", refuse, VALID),	/* the same to a valid cookie with data alone */
	WORD("mute", mute, ANY),
	WORD("mute-plain", mute, PLAIN),
	WORD("quote", quote, NUMBER),		/* an ICMP error that quotes N bytes of TCP */
	WORD("stripped", stripped, 1),		/* and in it no TFO option */
	WORD("beside", beside, 1),		/* the ICMP error comes before the SYN/ACK */
	/* when */
	WORD("delay", delay, NUMBER),		/* all of it N ms late */
	WORD("hold", hold, NUMBER),		/* that to a SYN without option and data alone */
#undef WORD
};

static void die(const char *what, const char *on)
{
	fprintf(stderr, "persona: %s: %s\n", on, what);
	exit(1);
}

static void read_word(struct persona *p, char *text)
{
	char *number = strchr(text, '='), *end = NULL;
	int *field;

	if (number)
		*number++ = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, text) || (words[i].value == NUMBER) != (number != NULL))
			continue;
		field = (int *)(void *)((char *)p + words[i].at);
		if (!number) {
			*field |= words[i].value;
			return;
		}
		*field = (int)strtol(number, &end, 10);
		if (*number && !*end && *field >= 0)
			return;
	}
	die("no such word, or no number where one is due", text);
}

static void read_persona(struct persona *p, char *text)
{
	*p = (struct persona){ .cookie = 8, .ack = 100 };
	for (char *word = strtok(text, ","); word; word = strtok(NULL, ","))
		read_word(p, word);
	if (p->cookie > 18 || p->renew > 18)
		die("no cookie is longer than 18 bytes", text);
}

/* ---- cookies ------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, const uint8_t *p, size_t n)
{
	while (n--)
		h = (h ^ *p++) * 0x100000001b3;
	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9;
	return h ^ h >> 32;
}

/* The cookie of a pair of addresses under a key; a shorter one is the start of a longer one. */
static void make_cookie(const struct persona *p, const struct syn *s, uint8_t key, uint8_t out[18])
{
	size_t alen = s->v6 ? 16 : 4;
	uint64_t h = mix(mix(mix(0xcbf29ce484222325, &key, 1), s->src, alen), s->dst, alen);

	if (p->rotate)
		h = mix(h, s->tcp, 8);	/* ports and sequence number */
	for (uint8_t i = 0; i < 18; i++) {
		h = mix(h, &i, 1);
		out[i] = p->zero ? 0 : (uint8_t)h;
	}
}

/* The key that made the cookie of a SYN; -1: none did. */
static int key_of(const struct persona *p, const struct syn *s)
{
	uint8_t cookie[18];

	if (s->clen < 4 || s->clen > 16 || s->clen % 2)
		return -1;
	for (uint8_t key = 0; key < 2; key++) {
		make_cookie(p, s, key, cookie);
		if (!p->rotate && memcmp(cookie, s->cookie, s->clen) == 0)
			return key;
	}
	return p->any ? 0 : -1;
}

static int class_of(const struct persona *p, const struct syn *s)
{
	if (p->off || !s->kind || (p->only && p->only != s->kind))
		return s->dlen ? BLIND : PLAIN;
	if (!s->clen)
		return REQUEST;
	return key_of(p, s) >= 0 ? VALID : WRONG;
}

/* ---- options ------------------------------------------------------------------------------- */

static void put(struct segment *g, const uint8_t *bytes, size_t n)
{
	memcpy(g->opts + g->opts_len, bytes, n);
	g->opts_len = (uint8_t)(g->opts_len + n);
}

static void put_tfo(struct segment *g, int kind, const uint8_t *cookie, int len)
{
	uint8_t head[] = { (uint8_t)kind, (uint8_t)(4 + len), 0xf9, 0x89 };

	if (kind == 34)
		head[1] = (uint8_t)(2 + len);
	put(g, head, kind == 34 ? 2 : 4);
	put(g, cookie, (size_t)len);
}

static void put_form(struct segment *g, enum form form, int kind, uint8_t cookie[18], int len)
{
	static const uint8_t lengths[] = { [LENGTH_0] = 0, [LENGTH_1] = 1 }, nops[] = { 1, 1, 1 };
	uint8_t head[] = { (uint8_t)kind, 20 }, wrong[18];

	switch (form) {
	case LENGTH_0:
	case LENGTH_1:
		head[1] = lengths[form];
		put(g, head, 2);
		return;
	case TAIL:
		put(g, nops, 3u - g->opts_len % 4);
		put(g, head, 1);
		return;
	case PAST:
		put(g, head, 2);
		put(g, cookie, 6);
		return;
	case TWO:
		memset(wrong, 0xee, sizeof(wrong));
		put_tfo(g, kind, wrong, len);
		break;
	case WELL:
		break;
	}
	put_tfo(g, kind, cookie, len);
}

/* The TFO option that is due to a SYN of this class, if any is. */
static void put_due(struct segment *g, const struct persona *p, const struct syn *s, int class)
{
	int kind = s->kind ? s->kind : 34, len = p->cookie, key = 0;
	uint8_t cookie[18];

	if (s->kind && class & p->echo) {
		put(g, s->option, s->option_len);
		return;
	}
	if (class & (PLAIN | BLIND) && !p->unsolicited)
		return;
	if (class & (REQUEST | WRONG) && (p->blank || (p->free && s->dlen)))
		return;
	if (class == VALID) {
		if (!p->renew || !s->dlen)
			return;
		len = p->renew;
		key = !key_of(p, s);
	}
	if (p->other_kind)
		kind = kind == 34 ? 254 : 34;
	make_cookie(p, s, (uint8_t)key, cookie);
	put_form(g, (enum form)p->form, p->kind ? p->kind : kind, cookie, len);
}

static void put_options(struct segment *g, const struct persona *p, const struct syn *s, int class)
{
	static const uint8_t usual[] = { 2, 4, 5, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7 }, end = 0;

	put(g, usual, sizeof(usual));
	put_due(g, p, s, class);
	while (g->opts_len % 4)
		put(g, &end, 1);
}

/* ---- answers ------------------------------------------------------------------------------- */

static const char greeting[] = "a persona's answer\r\n";

static uint32_t acked(const struct persona *p, const struct syn *s, int class)
{
	bool takes = class == VALID || p->free || p->refuse == ANY;

	return takes ? (uint32_t)(s->dlen * p->ack / 100) : 0;
}

static void send_segment(const struct persona *p, const struct syn *s, const struct segment *g)
{
	bool plain = !s->kind && !s->dlen;

	io_send(wire_write_segment(io_frame(), s, g), p->delay + (plain ? p->hold : 0));
}

static void send_quote(const struct persona *p, const struct syn *s, const struct quote *q)
{
	io_send(wire_write_quote(io_frame(), s, q), p->delay);
}

/* What g says, but for ports and acknowledgement: none of it answers the SYN. */
static void send_forged(const struct persona *p, const struct syn *s, const struct segment *g)
{
	const uint32_t wrong[] = {
		s->seq, s->seq + 2 + s->dlen, s->seq + 1001, s->seq + 0x80000000,
	};
	struct segment f = *g;

	f.data = greeting;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		f.ack = wrong[i];
		f.flags = SYN | ACK;
		send_segment(p, s, &f);
		f.flags = RST | ACK;
		send_segment(p, s, &f);
		f.flags = PSH | ACK;
		send_segment(p, s, &f);
	}
	f.flags = SYN | ACK;
	f.ack = s->seq + 1;
	f.from_shift = 1;
	send_segment(p, s, &f);
	f.from_shift = 0;
	f.to_shift = 1;
	send_segment(p, s, &f);
	send_quote(p, s, &(struct quote){ .len = 60, .foreign = true });
}

static void send_reset(const struct persona *p, const struct syn *s, const struct segment *g)
{
	struct segment reset = { .flags = RST | ACK, .seq = 0, .ack = g->ack, .hops = g->hops };

	if (p->reset == RESET_BARE) {
		reset.flags = RST;
		reset.ack = 0;
	}
	send_segment(p, s, &reset);
}

/* The SYN/ACK g, and what comes around it. */
static void send_synack(const struct persona *p, const struct syn *s, struct segment *g)
{
	bool took = g->ack != s->seq + 1;
	struct segment data = {
		.flags = PSH | ACK, .seq = g->seq + 1, .ack = g->ack, .window = 501,
		.hops = g->hops, .data = greeting,
	};

	if (p->payload && took)
		g->data = greeting;
	if (p->reset == RESET_BEFORE || p->reset == RESET_BARE)
		send_reset(p, s, g);
	if (p->reply_first && took)
		send_segment(p, s, &data);
	send_segment(p, s, g);
	if (p->twice)
		send_segment(p, s, g);
	if (took ? p->reply : p->page)
		send_segment(p, s, &data);
	if (p->reset == RESET_AFTER)
		send_reset(p, s, g);
}

static void answer(const struct persona *p, const struct syn *s)
{
	int class = class_of(p, s);
	struct segment g = {
		.flags = (uint8_t)(SYN | ACK | (p->fin ? FIN : 0) | (p->ece ? ECE : 0)),
		.seq = (uint32_t)mix(0, s->tcp, 8),
		.ack = s->seq + 1 + acked(p, s, class),
		.window = p->window0 ? 0 : 64240,
		.hops = p->far && s->kind ? 128 : 64,
		.long_header = p->header,
	};

	put_options(&g, p, s, class);
	if (p->forge)
		send_forged(p, s, &g);
	if (class & p->mute)
		return;
	if (p->quote) {
		send_quote(p, s, &(struct quote){ (size_t)p->quote, p->stripped, false });
		if (!p->beside)
			return;
	}
	if (class & p->refuse && (p->refuse == ANY || s->dlen)) {
		g.flags = RST | ACK;
		g.seq = 0;
		g.window = 0;
		g.opts_len = 0;
		send_segment(p, s, &g);
		return;
	}
	send_synack(p, s, &g);
}

int main(int argc, char **argv)
{
	unsigned int n = argc > 2 ? (unsigned int)argc - 2 : 0;
	struct persona *personas = calloc(n + 1, sizeof(*personas));
	const uint8_t *frame;
	size_t len;
	struct syn s;

	if (!n || !personas)
		die("usage: persona INTERFACE WORDS...", "too few arguments");
	for (unsigned int i = 0; i < n; i++)
		read_persona(&personas[i], argv[2 + i]);
	io_open(argv[1]);
	puts("ready");
	fflush(stdout);
	while ((frame = io_receive(&len))) {
		if (!wire_read_syn(&s, frame, len))
			continue;
		frame = s.dst + (s.v6 ? 14 : 2);
		answer(&personas[((frame[0] & 0x7fu) << 8 | frame[1]) % n], &s);
	}
	return 1;
}
