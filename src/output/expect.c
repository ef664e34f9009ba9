#include "output/expect.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/stats.h"
#include "evidence.h"
#include "target.h"
#include "text.h"
#include "utf8.h"

static bool is_wanted(const struct expect *x, unsigned int v)
{
	return x->wanted >> v & 1;
}

void expect_take(struct expect *x, const struct evidence *ev, const struct target_extra *extra,
		 enum verdict v)
{
	size_t len = strlen(x->names);
	char ip[ADDR_STRLEN], domain[256] = "";
	struct text t;

	if (is_wanted(x, v) || x->n++ >= EXPECT_NAMED_MAX)
		return;
	text_init(&t, x->names + len, sizeof(x->names) - len);
	addr_format(ev->ip, ip);
	if (extra)
		snprintf(domain, sizeof(domain), "%s", extra->domain);
	utf8_show(domain);
	text_add(&t, addr_is_v4(ev->ip) ? "%s%s:%u" : "%s[%s]:%u", len ? ", " : "", ip, ev->port);
	text_add(&t, "%s%s%s %s", *domain ? " (" : "", domain, *domain ? ")" : "",
		 verdict_types[v].name);
}

/* The targets with a wanted verdict, and all. */
static void count(const struct expect *x, const struct stats *s, uint64_t *wanted, uint64_t *all)
{
	*wanted = *all = 0;
	for (unsigned int v = 0; v < VERDICTS; v++) {
		uint64_t n = stat_get_verdict(s, (enum verdict)v);

		*all += n;
		*wanted += is_wanted(x, v) ? n : 0;
	}
}

/* Why nothing can be said; NULL: something can. */
static const char *doubt(const struct expect *x, const struct stats *s, uint64_t all)
{
	if (all == 0)
		return "there was nobody to probe";
	if (all == stat_get_verdict(s, VERDICT_OFFLINE) && !is_wanted(x, VERDICT_OFFLINE))
		return "nobody answered";
	if (!stats_sound(s))
		return "answers or probes were lost";
	return NULL;
}

static void add_wanted(struct text *t, const struct expect *x)
{
	const char *before = " (";

	for (unsigned int v = 0; v < VERDICTS; v++) {
		if (!is_wanted(x, v))
			continue;
		text_add(t, "%s%s", before, verdict_types[v].name);
		before = ", ";
	}
	text_add(t, ")");
}

/* Figures in the form that monitoring reads: after a bar, as name=value. */
static void add_figures(struct text *t, const struct stats *s, uint64_t wanted, uint64_t all)
{
	text_add(t, " | targets=%" PRIu64 " expected=%" PRIu64, all, wanted);
	for (unsigned int v = 0; v < VERDICTS; v++)
		if (stat_get_verdict(s, (enum verdict)v))
			text_add(t, " %s=%" PRIu64, verdict_types[v].name,
				 stat_get_verdict(s, (enum verdict)v));
}

static void add_named(struct text *t, const struct expect *x)
{
	text_add(t, "%s%s", x->names[0] ? ": " : "", x->names);
	if (x->n > EXPECT_NAMED_MAX)
		text_add(t, " and %u more", x->n - EXPECT_NAMED_MAX);
}

enum expect_status expect_conclude(const struct expect *x, const struct stats *s, const char *why,
				   char line[static EXPECT_LINE_LEN])
{
	uint64_t wanted, all, unfinished = stat_get(s, STAT_unfinished);
	enum expect_status status = EXPECT_UNKNOWN;
	struct text t;

	count(x, s, &wanted, &all);
	if (!why)
		why = doubt(x, s, all);
	text_init(&t, line, EXPECT_LINE_LEN);
	if (why) {
		text_add(&t, "TFOMAP UNKNOWN - %s", why);
	} else if (wanted < all) {
		status = EXPECT_CRITICAL;
		text_add(&t, "TFOMAP CRITICAL - %" PRIu64 " of %" PRIu64 " target%s not as "
			 "expected", all - wanted, all, all == 1 ? "" : "s");
		add_wanted(&t, x);
		add_named(&t, x);
	} else if (unfinished) {
		text_add(&t, "TFOMAP UNKNOWN - %" PRIu64 " target%s unfinished", unfinished,
			 unfinished == 1 ? "" : "s");
	} else {
		status = EXPECT_OK;
		text_add(&t, "TFOMAP OK - %" PRIu64 " of %" PRIu64 " target%s as expected", wanted,
			 all, all == 1 ? "" : "s");
		add_wanted(&t, x);
	}
	/* It parts what is said from the figures. */
	for (char *bar = line; (bar = strchr(bar, '|'));)
		*bar = '/';
	add_figures(&t, s, wanted, all);
	return status;
}
