#include "output/verdict_text.h"

#include <inttypes.h>
#include <string.h>

#include "output/result.h"
#include "text.h"

const struct verdict_text verdict_texts[VERDICTS] = {
#define TEXT(id, tone, says, means, next) [VERDICT_##id] = { VERDICT_##tone, says, means, next },
#include "output/verdict_text.def"
#undef TEXT
};

#define TEXT(id, tone, says, means, next) + 1
_Static_assert(0
#include "output/verdict_text.def"
	       == VERDICTS, "each verdict has its text");
#undef TEXT

enum verdict verdict_of(const struct result *r)
{
	unsigned int v = 0;

	while (v < VERDICTS && r->verdict != verdict_types[v].name)
		v++;
	return (enum verdict)v;
}

/* ---- the figures --------------------------------------------------------------------------- */

static void add_bytes(struct text *t, uint64_t n)
{
	text_add(t, "%" PRIu64 " byte%s", n, n == 1 ? "" : "s");
}

static void add_cookie(struct text *t, const struct result *r)
{
	uint64_t n = r->cookie_len.known ? r->cookie_len.v : r->tfo_synclen.v;

	if (!n)
		text_add(t, "no cookie of its own");
	else
		text_add(t, "%s %" PRIu64 "-byte cookie", n == 8 || n == 11 ? "an" : "a", n);
	if (r->tfo_synkind.v == 254)
		text_add(t, " (in the experimental option)");
}

static void add_acked(struct text *t, const struct result *r)
{
	text_add(t, "%" PRIu64 " of %" PRIu64 " bytes of data", r->tfo_acked.v, r->tfo_dlen.v);
}

static void add_syns(struct text *t, const struct result *r)
{
	text_add(t, "%" PRIu64 " SYN%s", r->probes.v, r->probes.v == 1 ? "" : "s");
}

static void add_icmp(struct text *t, const struct result *r)
{
	char from[ADDR_STRLEN];

	if (!r->icmp_type.known)
		return;
	addr_format(r->icmp_from, from);
	text_add(t, " from %s (type %" PRIu64 ", code %" PRIu64 ")", from, r->icmp_type.v,
		 r->icmp_code.v);
}

static void add_option(struct text *t, const struct result *r)
{
	if (!r->tfo_ackkind.v)
		return;
	text_add(t, " (kind %" PRIu64 ", ", r->tfo_ackkind.v);
	add_bytes(t, r->tfo_ackclen.v);
	text_add(t, ")");
}

static void add_early(struct text *t, const struct result *r)
{
	if (!r->rlen.v)
		return;
	text_add(t, "; its answer came before the handshake ended (");
	add_bytes(t, r->rlen.v);
	text_add(t, ")");
}

static void add_with(struct text *t, const struct result *r)
{
	add_bytes(t, r->response_len.v);
}

static void add_without(struct text *t, const struct result *r)
{
	add_bytes(t, r->plain_response_len.v);
}

static const struct {
	const char *name;
	void (*add)(struct text *t, const struct result *r);
} figures[] = {
	{ "{cookie}", add_cookie }, { "{acked}", add_acked }, { "{syns}", add_syns },
	{ "{icmp}", add_icmp }, { "{option}", add_option }, { "{early}", add_early },
	{ "{with}", add_with }, { "{without}", add_without },
};

/* Adds the figure that s begins with; returns the length of its name, 0: there is none. */
static size_t add_figure(struct text *t, const struct result *r, const char *s)
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		size_t len = strlen(figures[i].name);

		if (strncmp(s, figures[i].name, len) == 0) {
			figures[i].add(t, r);
			return len;
		}
	}
	return 0;
}

void verdict_text_says(struct text *t, const struct result *r)
{
	enum verdict v = verdict_of(r);

	if (v == VERDICTS)
		return;
	for (const char *s = verdict_texts[v].says; *s;) {
		size_t len = *s == '{' ? add_figure(t, r, s) : 0;

		if (!len) {
			text_add_bytes(t, s, 1);
			len = 1;
		}
		s += len;
	}
}
