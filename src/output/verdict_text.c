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

#define TEXT(id, tone, says, means, next) +1
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

/* The commonest, by ICMP (RFC 792, RFC 1812) and ICMPv6 (RFC 4443). */
static const struct {
	bool v4;
	uint8_t type, code;
	const char *name;
} errors[] = {
	{ true, 3, 0, "network unreachable" }, { true, 3, 1, "host unreachable" },
	{ true, 3, 2, "protocol unreachable" }, { true, 3, 3, "port unreachable" },
	{ true, 3, 9, "network prohibited" }, { true, 3, 10, "host prohibited" },
	{ true, 3, 13, "administratively prohibited" }, { true, 11, 0, "TTL exceeded" },
	{ false, 1, 0, "no route" }, { false, 1, 1, "administratively prohibited" },
	{ false, 1, 3, "address unreachable" }, { false, 1, 4, "port unreachable" },
	{ false, 1, 5, "prohibited by policy" }, { false, 1, 6, "route rejected" },
	{ false, 3, 0, "hop limit exceeded" },
};

static void add_icmp(struct text *t, const struct result *r)
{
	bool v4 = addr_is_v4(r->icmp_from);
	char from[ADDR_STRLEN];

	if (!r->icmp_type.known)
		return;
	addr_format(r->icmp_from, from);
	text_add(t, " from %s (", from);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].v4 == v4 && errors[i].type == r->icmp_type.v
		    && errors[i].code == r->icmp_code.v)
			text_add(t, "%s, ", errors[i].name);
	text_add(t, "type %" PRIu64 ", code %" PRIu64 ")", r->icmp_type.v, r->icmp_code.v);
}

static void add_late(struct text *t, const struct result *r)
{
	text_add(t, r->tfo_synkind.v ? "the answer to the request for a cookie came late"
		 : "no cookie was requested");
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
	{ "{icmp}", add_icmp }, { "{option}", add_option }, { "{late}", add_late },
	{ "{early}", add_early },
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
	for (const char *s = verdict_texts[verdict_of(r)].says; *s;) {
		size_t len = *s == '{' ? add_figure(t, r, s) : 0;

		if (!len) {
			text_add_bytes(t, s, 1);
			len = 1;
		}
		s += len;
	}
	text_add(t, ".");
}

/* ---- what it means, and what comes next ---------------------------------------------------- */

/* Who takes the experimental option only is nothing to most clients. */
static bool is_experimental(const struct result *r)
{
	return verdict_texts[verdict_of(r)].tone == VERDICT_SOUND && r->tfo_synkind.v == 254;
}

void verdict_text_means(struct text *t, const struct result *r)
{
	if (is_experimental(r))
		text_add(t, "TCP Fast Open works with the experimental option (kind 254) alone: "
			 "clients use kind 34, and get no cookie.");
	else
		text_add(t, "%s", verdict_texts[verdict_of(r)].means);
	if (verdict_signals(r->signals) >> SIGNAL_INJECTED & 1)
		text_add(t, " But something on the way injects packets.");
}

/* Whether what comes in brackets after that word is still to be done. */
static bool is_to_be_done(const char *word, const struct verdict_text_run *run)
{
	if (strncmp(word, "path:", 5) == 0)
		return !plan_is_deep(run->plan);
	if (strncmp(word, "locate:", 7) == 0)
		return run->plan != PLAN_LOCATE;
	return !run->requests;
}

void verdict_text_next(struct text *t, const struct result *r, const struct verdict_text_run *run)
{
	const char *s = verdict_texts[verdict_of(r)].next, *end;

	if (is_experimental(r))
		s = "why no cookie comes by kind 34: signals.[locate: --plan locate finds who "
		    "takes the option out.]";
	for (; *s; s = *end ? end + 1 : end) {
		size_t len = strcspn(s, "[");

		text_add_bytes(t, s, len);
		s += len;
		end = s + strcspn(s, "]");
		if (*s && is_to_be_done(s + 1, run)) {
			s = strchr(s, ':') + 1;
			text_add_bytes(t, s, (size_t)(end - s));
		}
	}
}
