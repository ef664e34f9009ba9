/*
 * verdict_text: what a verdict says to people, as sentences with the figures of a row. Any thread.
 */
#ifndef TFOMAP_VERDICT_TEXT_H
#define TFOMAP_VERDICT_TEXT_H

#include <stdbool.h>

#include "plan.h"
#include "verdict.h"

struct result;
struct text;

/* How good the news is. */
enum verdict_tone {
	VERDICT_ABSENT,		/* nobody there to speak of */
	VERDICT_SOUND,
	VERDICT_WEAK,		/* no TFO, or not as it should be; nothing is blocked */
	VERDICT_BROKEN,		/* connections that try TFO suffer */
};

struct verdict_text {
	enum verdict_tone tone;
	const char *says;		/* verdict_text.def shows what stands in for figures */
	const char *means, *next;	/* sentences */
};

extern const struct verdict_text verdict_texts[VERDICTS];

/* The row's verdict; VERDICTS: it has none. */
enum verdict verdict_of(const struct result *r);

/* What has run already, and need not be advised. */
struct verdict_text_run {
	enum plan_name plan;
	bool requests;			/* --requests of more than one */
};

/* Add what the row's verdict says, with the row's figures, and what it means: sentences. */
void verdict_text_says(struct text *t, const struct result *r);
void verdict_text_means(struct text *t, const struct result *r);

/* Likewise what to look at next. */
void verdict_text_next(struct text *t, const struct result *r, const struct verdict_text_run *run);

#endif
