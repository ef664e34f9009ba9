#include "output/result_filter.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "evidence.h"
#include "filter.h"
#include "hex.h"
#include "output/result.h"
#include "output/result_fields.h"

static const enum filter_type types[] = {
	[RESULT_ADDR] = FILTER_ADDR, [RESULT_NUMBER] = FILTER_NUMBER,
	[RESULT_BOOL] = FILTER_NUMBER, [RESULT_MS] = FILTER_NUMBER,
	[RESULT_TIME] = FILTER_ORDERED, [RESULT_TEXT] = FILTER_TEXT, [RESULT_HEX] = FILTER_TEXT,
	[RESULT_OPTIONS] = FILTER_TEXT, [RESULT_CONDITIONS] = FILTER_SET,
	[RESULT_SIGNALS] = FILTER_SET, [RESULT_FLOWS] = FILTER_OPAQUE,
	[RESULT_PATH] = FILTER_OPAQUE, [RESULT_JSON] = FILTER_OPAQUE,
};

static int find_field(const void *arg, const char *name, enum filter_type *type)
{
	const enum config_rows *rows = arg;

	for (size_t i = 0; i < result_nfields; i++)
		if (strcmp(result_fields[i].name, name) == 0
		    && result_fields[i].rows >> *rows & 1) {
			*type = types[result_fields[i].type];
			return (int)i;
		}
	return -1;
}

/* The words of fields that have but few; NULL: after the last. Others may have any. */
static const char *verdict_word(unsigned int i)
{
	return i < VERDICTS ? verdict_types[i].name : NULL;
}

static const char *probe_word(unsigned int i)
{
	return i < PROBE_KINDS ? probe_types[i].name : NULL;
}

static const char *reply_word(unsigned int i)
{
	return i <= REPLY_ICMP ? reply_class_names[i] : NULL;
}

static const struct {
	const char *field;
	const char *(*word)(unsigned int i);
} words[] = {
	{ "verdict", verdict_word }, { "probe", probe_word }, { "reply", reply_word },
};

static int find_word(const void *arg, int field, const char *word)
{
	const struct result_field *f = &result_fields[field];
	bool is_set = types[f->type] == FILTER_SET, is_open = !is_set;
	const char *text;

	(void)arg;
	for (unsigned int i = 0; is_set && (text = result_word(f->type, i)); i++)
		if (strcmp(text, word) == 0)
			return (int)i;
	for (size_t n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
		if (strcmp(words[n].field, f->name) != 0)
			continue;
		is_open = false;
		for (unsigned int i = 0; (text = words[n].word(i)); i++)
			if (strcmp(text, word) == 0)
				return 0;
	}
	return is_open ? 0 : -1;
}

int result_filter_parse(struct filter **f, const char *text, enum config_rows rows, struct err *e)
{
	const struct filter_fields fields = { find_field, find_word, &rows };

	return filter_parse(f, text, &fields, e);
}

/* The text of a value that is not null. */
static const char *text_of(const struct result_field *f, const void *m, struct filter_value *v)
{
	const struct result_bytes *bytes = m;

	if (f->type == RESULT_TEXT)
		return *(const char *const *)m;
	if (f->type == RESULT_TIME)
		clock_text(*(const uint64_t *)m, v->own);
	if (f->type == RESULT_OPTIONS)
		tcpopt_text(*(const struct tcpopts *const *)m, v->own);
	for (size_t i = 0; f->type == RESULT_HEX && i < bytes->n; i++)
		snprintf(v->own + 2 * i, sizeof(v->own) - 2 * i, "%02x", bytes->p[i]);
	return v->own;
}

static void value(const void *row, int field, struct filter_value *v)
{
	const struct result_field *f = &result_fields[field];
	const void *m = result_member(row, f);

	*v = (struct filter_value){ .is_null = result_is_null(row, f) };
	if (v->is_null)
		return;
	switch (types[f->type]) {
	case FILTER_NUMBER:
		v->number = (double)((const struct result_number *)m)->v;
		if (f->type == RESULT_MS)
			v->number /= NS_PER_MS;
		break;
	case FILTER_ADDR:
		v->addr = *(const struct addr *)m;
		break;
	case FILTER_TEXT:
	case FILTER_ORDERED:
		v->text = text_of(f, m, v);
		break;
	case FILTER_SET:
		v->set = result_set(row, f);
		break;
	case FILTER_OPAQUE:
		break;
	}
}

bool result_filter_matches(const struct filter *f, const struct result *r)
{
	return filter_matches(f, r, value);
}
