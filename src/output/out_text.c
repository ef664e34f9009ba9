/*
 * text: a block for each target, for people: who it is, the verdict in a sentence, what that means,
 * what the path shows, what to look at next. Lines are as wide as the terminal, within bounds.
 */
#include "output/out.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "locate.h"
#include "output/result.h"
#include "output/verdict_text.h"
#include "text.h"
#include "utf8.h"

#define INDENT		"  "
#define WIDTH_MIN	40
#define WIDTH_MAX	100
#define WIDTH_PLAIN	80		/* of what is no terminal */
#define PARAGRAPH_LEN	2048

static unsigned int width(const struct out *o)
{
	if (!o->columns)
		return WIDTH_PLAIN;
	return o->columns < WIDTH_MIN	 ? WIDTH_MIN
	       : o->columns > WIDTH_MAX ? WIDTH_MAX : o->columns;
}

/* One paragraph, broken between words, with the first `bold` bytes in the verdict's colour. */
static void put_paragraph(struct out *o, const char *text, const char *colour, size_t bold)
{
	size_t room = width(o) - strlen(INDENT);

	while (*text) {
		size_t len = strlen(text), end = len;

		if (len > room)
			for (end = room; end > 0 && text[end] != ' '; end--)
				;
		end = end ? end : len;
		out_put(o, INDENT, strlen(INDENT));
		if (bold && o->colours)
			out_put(o, colour, strlen(colour));
		out_put(o, text, bold);
		if (bold && o->colours)
			out_put(o, "\x1b[0m", 4);
		out_put(o, text + bold, end - bold);
		out_char(o, '\n');
		bold = 0;
		text += end + (text[end] == ' ');
	}
}

static void put_target(struct out *o, const struct result *r)
{
	char ip[ADDR_STRLEN], domain[256], line[512];
	struct text t;

	text_init(&t, line, sizeof(line));
	addr_format(r->ip, ip);
	text_add(&t, "%s port %" PRIu64, ip, r->port.v);
	if (r->domain) {
		snprintf(domain, sizeof(domain), "%s", r->domain);
		utf8_show(domain);
		text_add(&t, ", %s", domain);
	}
	if (o->colours)
		out_put(o, "\x1b[1m", 4);
	out_put(o, line, strlen(line));
	if (o->colours)
		out_put(o, "\x1b[0m", 4);
	out_char(o, '\n');
}

static void put_verdict(struct out *o, const struct result *r, enum verdict v)
{
	static const char *const colours[] = {
		[VERDICT_ABSENT] = "\x1b[1m", [VERDICT_SOUND] = "\x1b[1;32m",
		[VERDICT_WEAK] = "\x1b[1;33m", [VERDICT_BROKEN] = "\x1b[1;31m",
	};
	char text[PARAGRAPH_LEN];
	struct text t;

	text_init(&t, text, sizeof(text));
	text_add(&t, "%s: ", r->verdict);
	verdict_text_says(&t, r);
	text_add(&t, " ");
	verdict_text_means(&t, r);
	put_paragraph(o, text, colours[verdict_texts[v].tone], strlen(r->verdict));
}

/* ---- what else there is -------------------------------------------------------------------- */

static void add_answer(struct text *t, const struct result *r)
{
	if (r->rtt_ms.known)
		text_add(t, "The %s probe was answered after %" PRIu64 ".%03" PRIu64 " ms; ",
			 r->probe,
			 (r->rtt_ms.v + 500) / 1000000, (r->rtt_ms.v + 500) / 1000 % 1000);
	text_add(t, "%" PRIu64 " SYN%s sent", r->probes.v, r->probes.v == 1 ? "" : "s");
	if (r->hops.known)
		text_add(t, "; %" PRIu64 " hop%s away", r->hops.v, r->hops.v == 1 ? "" : "s");
	text_add(t, ".");
	if (r->cookies_seen.known && r->cookies_seen.v > 1)
		text_add(t, " %" PRIu64 " different cookies came.", r->cookies_seen.v);
	if (r->cookie_from && strcmp(r->cookie_from, "file") == 0) {
		text_add(t, " The cookie was from the cookie file");
		if (r->cookie_age_s.known)
			text_add(t, ", %" PRIu64 " s old", r->cookie_age_s.v);
		text_add(t, ".");
	}
	if (r->confirmed.known)
		text_add(t, r->confirmed.v ? " A second test said the same."
			 : " A first test said something else.");
}

static void add_hop(struct text *t, const struct result_number *hop, struct addr ip)
{
	char from[ADDR_STRLEN];

	text_add(t, "hop %" PRIu64, hop->v);
	if (addr_eq(ip, (struct addr){ 0, 0 }))
		return;
	addr_format(ip, from);
	text_add(t, " (%s)", from);
}

/* What the walk has shown where it names no fault. */
static void add_walk(struct text *t, const struct result *r)
{
	unsigned int answered = 0, whole = 0;
	char ip[ADDR_STRLEN];

	for (unsigned int ttl = 1; ttl <= r->path->max; ttl++) {
		answered += r->path->hop[ttl].rtt_ns > 0;
		if (r->path->hop[ttl].option == LOCATE_WHOLE)
			whole = ttl;
	}
	text_add(t, "No hop can be named: %u answered, ", answered);
	if (!whole) {
		text_add(t, "and none quoted a SYN with its option whole.");
		return;
	}
	addr_format(r->path->hop[whole].ip, ip);
	text_add(t, "and the option was whole as far as hop %u (%s).", whole, ip);
}

static void put_fault(struct out *o, const struct result *r)
{
	char text[PARAGRAPH_LEN];
	struct text t;

	text_init(&t, text, sizeof(text));
	if (!r->hop_low.known) {
		if (!r->path)
			return;
		add_walk(&t, r);
		put_paragraph(o, text, "", 0);
		return;
	}
	text_add(&t, "The fault lies after ");
	if (r->hop_low.v)
		add_hop(&t, &r->hop_low, r->hop_low_ip);
	else
		text_add(&t, "this host");
	if (r->hop_high.known) {
		text_add(&t, ", at ");
		add_hop(&t, &r->hop_high, r->hop_high_ip);
		text_add(&t, " or before it");
	}
	text_add(&t, ".");
	put_paragraph(o, text, "", 0);
}

/* Each signal with what it shows, one a line. */
static void put_signals(struct out *o, const struct result *r)
{
	uint32_t set = verdict_signals(r->signals);

	for (unsigned int i = 0; i < SIGNALS; i++) {
		char text[PARAGRAPH_LEN];

		if (!(set >> i & 1))
			continue;
		snprintf(text, sizeof(text), "Signal %s: %s.", signal_types[i].name,
			 signal_types[i].rule);
		put_paragraph(o, text, "", 0);
	}
}

static void text_row(struct out *o, const struct result *r)
{
	enum verdict v = verdict_of(r);
	char text[PARAGRAPH_LEN];
	struct text t;

	put_target(o, r);
	if (v == VERDICTS)
		return;
	put_verdict(o, r, v);
	text_init(&t, text, sizeof(text));
	add_answer(&t, r);
	put_paragraph(o, text, "", 0);
	put_fault(o, r);
	put_signals(o, r);
	text_init(&t, text, sizeof(text));
	text_add(&t, "Next: ");
	verdict_text_next(&t, r, &o->run);
	put_paragraph(o, text, "", 0);
	out_char(o, '\n');
}

const struct out_ops out_text_ops = { .row = text_row };
