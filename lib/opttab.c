#include "opttab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"
#include "err.h"
#include "opttab_net.h"
#include "opttab_reading.h"
#include "payload.h"

#define NS_PER_S 1000000000u

/* Digits and at most nine more after a point; at least one digit in all. False: not so. */
static bool read_decimal(const char **s, uint64_t *whole, uint32_t *billionths)
{
	const char *start = *s;
	uint32_t scale = NS_PER_S;
	bool any;

	*billionths = 0;
	digits_read(s, whole);	/* what does not fit is the most there is: out of bounds */
	any = *s > start;
	if (**s == '.') {
		for (++*s; is_digit(**s); ++*s, any = true) {
			if (scale == 1)
				return false;
			scale /= 10;
			*billionths += scale * (uint32_t)(**s - '0');
		}
	}
	return any;
}

/* What K, M, G at *s multiply by (1: none of them), stepped over. */
static uint32_t read_suffix(const char **s)
{
	switch (**s) {
	case 'k': case 'K':
		++*s;
		return 1000;
	case 'm': case 'M':
		++*s;
		return 1000000;
	case 'g': case 'G':
		++*s;
		return 1000000000;
	default:
		return 1;
	}
}

/* Why a number does not read as one; wanted: what does. */
static int reading_no_number(const struct reading *rd, const char *wanted)
{
	if (strchr(rd->value, '%'))
		return reading_fails(rd, "a share in per cent cannot be given here, only a number");
	if (rd->value[0] == '-')
		return reading_fails(rd, "cannot be below 0");
	return reading_fails(rd, "not a number (%s)", wanted);
}

/* Bounds, of which a max of 0 is the type's own, type_max. */
static int reading_bounds(const struct reading *rd, double v, double type_max)
{
	double max = rd->row->max > 0 ? rd->row->max : type_max;

	if (v >= rd->row->min && v <= max)
		return 0;
	if (v < rd->row->min && rd->row->max <= 0)
		return reading_fails(rd, "must be %.15g at least", rd->row->min);
	return reading_fails(rd, "must be %.15g to %.15g", rd->row->min, max);
}

static int parse_whole(const struct reading *rd, bool suffix, uint64_t type_max, uint64_t *out)
{
	const char *wanted = suffix ? "digits, then K, M or G if wanted" : "digits";
	const char *s = rd->value;
	uint64_t v, factor;

	if (!is_digit(*s))
		return reading_no_number(rd, wanted);
	if (!digits_read(&s, &v))
		return reading_fails(rd, "too large");
	factor = suffix ? read_suffix(&s) : 1;
	if (*s)
		return reading_no_number(rd, wanted);
	if (v > type_max / factor)
		return reading_fails(rd, "too large");
	*out = v * factor;
	return reading_bounds(rd, (double)*out, (double)type_max);
}

static int parse_flag(const struct reading *rd)
{
	bool off = rd->value && strcmp(rd->value, "false") == 0;

	if (rd->value && !off && strcmp(rd->value, "true") != 0)
		return reading_fails(rd, "takes no value but true or false");
	*(bool *)reading_member(rd) = !off;
	return 0;
}

static int parse_int(const struct reading *rd)
{
	uint64_t v;
	int err = parse_whole(rd, false, INT32_MAX, &v);

	if (!err)
		*(int *)reading_member(rd) = (int)v;
	return err;
}

static int parse_u32(const struct reading *rd)
{
	uint64_t v;
	int err = parse_whole(rd, false, UINT32_MAX, &v);

	if (err)
		return err;
	*(uint32_t *)reading_member(rd) = (uint32_t)v;
	reading_mark(rd);
	return 0;
}

static int parse_u64(const struct reading *rd)
{
	uint64_t v;
	int err = parse_whole(rd, true, UINT64_MAX, &v);

	if (err)
		return err;
	*(uint64_t *)reading_member(rd) = v;
	reading_mark(rd);
	return 0;
}

static int parse_share(const struct reading *rd)
{
	const char *s = rd->value;
	uint32_t billionths;
	uint64_t whole;
	double percent;

	if (!read_decimal(&s, &whole, &billionths) || strcmp(s, "%") != 0)
		return reading_fails(rd, "not a share, such as 10%% or 0.5%%");
	percent = (double)whole + billionths / (double)NS_PER_S;
	if (percent <= 0 || percent > 100)
		return reading_fails(rd, "a share is more than 0%% and at most 100%%");
	*(uint64_t *)reading_member(rd) = 0;
	*(double *)reading_also(rd) = percent / 100;
	return 0;
}

static int parse_amount(const struct reading *rd)
{
	uint64_t v;
	int err;

	if (strchr(rd->value, '%'))
		return parse_share(rd);
	err = parse_whole(rd, true, UINT64_MAX, &v);
	if (err)
		return err;
	*(uint64_t *)reading_member(rd) = v;
	*(double *)reading_also(rd) = 0;
	return 0;
}

static int parse_rate(const struct reading *rd)
{
	const char *s = rd->value;
	uint32_t billionths;
	uint64_t whole;
	double v;

	if (!read_decimal(&s, &whole, &billionths))
		return reading_no_number(rd, "such as 0.5, 2500, 10K or 1.2M");
	v = ((double)whole + billionths / (double)NS_PER_S) * read_suffix(&s);
	if (*s)
		return reading_no_number(rd, "such as 0.5, 2500, 10K or 1.2M");
	if (v > 0 && (v < rd->row->min || v > rd->row->max))
		return reading_fails(rd, "must be %.15g to %.15g, or 0 for no limit", rd->row->min,
				     rd->row->max);
	*(double *)reading_member(rd) = v;
	return 0;
}

static int parse_seconds(const struct reading *rd)
{
	const uint64_t most = UINT64_MAX / NS_PER_S - 1;
	const char *s = rd->value;
	uint32_t ns;
	uint64_t whole;
	int err;

	if (!read_decimal(&s, &whole, &ns) || *s)
		return reading_no_number(rd, "seconds, such as 8 or 0.5");
	err = reading_bounds(rd, (double)whole + ns / (double)NS_PER_S, (double)most);
	if (err)
		return err;
	*(uint64_t *)reading_member(rd) = whole * NS_PER_S + ns;
	return 0;
}

static int reading_no_word(const struct reading *rd)
{
	char words[400];

	opttab_values(rd->row, ", ", words, sizeof(words));
	return reading_fails(rd, rd->row->type == OPTTAB_WORDS
			    ? "must be some of these, separated by commas: %s"
			    : "must be one of: %s", words);
}

static int parse_word(const struct reading *rd)
{
	for (int i = 0; rd->row->words[i].word; i++)
		if (strcmp(rd->value, rd->row->words[i].word) == 0) {
			memcpy(reading_member(rd), &i, sizeof(i));
			return 0;
		}
	return reading_no_word(rd);
}

static int parse_words(const struct reading *rd)
{
	uint32_t set = 0;

	for (const char *s = rd->value;; s++) {
		size_t len = strcspn(s, ",");
		unsigned int i = 0;

		while (rd->row->words[i].word && (strlen(rd->row->words[i].word) != len
						  || memcmp(s, rd->row->words[i].word, len) != 0))
			i++;
		if (!rd->row->words[i].word)
			return reading_no_word(rd);
		if (set >> i & 1)
			return reading_fails(rd, "%s is there twice", rd->row->words[i].word);
		set |= 1u << i;
		s += len;
		if (!*s)
			break;
	}
	*(uint32_t *)reading_member(rd) = set;
	return 0;
}

static int parse_word_file(const struct reading *rd)
{
	const char *colon = strchr(rd->value, ':');
	size_t len = colon ? (size_t)(colon - rd->value) : strlen(rd->value);

	for (const struct opttab_word *w = rd->row->words; w->word; w++) {
		if (strlen(w->word) != len || memcmp(rd->value, w->word, len) != 0
		    || w->file != (colon != NULL))
			continue;
		if (colon && !colon[1])
			return reading_fails(rd, "the name of the file is missing after the colon");
		if (rd->row->member)
			*(const char **)reading_member(rd) = w->word;
		*(const char **)reading_also(rd) = colon ? colon + 1 : NULL;
		return 0;
	}
	return reading_no_word(rd);
}

static int parse_string(const struct reading *rd)
{
	if ((double)strlen(rd->value) < rd->row->min)
		return reading_fails(rd, "cannot be empty");
	*(const char **)reading_member(rd) = rd->value;
	return 0;
}

static int parse_payload(const struct reading *rd)
{
	const char **text = reading_also(rd);
	struct payload p;

	if (strncmp(rd->value, "file:", 5) == 0) {
		if (!rd->value[5])
			return reading_fails(rd, "the name of the file is missing after the colon");
	} else {
		struct err why = { "" };

		if (payload_parse(&p, rd->value, &why))
			return reading_fails(rd, "%s", why.msg);
		*(struct payload *)reading_member(rd) = p;
	}
	if (text)
		*text = rd->value;
	return 0;
}

int opttab_parse(const struct opttab_row *row, void *base, const char *value, struct err *e)
{
	static int (*const parsers[OPTTAB_TYPES])(const struct reading *) = {
		[OPTTAB_FLAG] = parse_flag,
		[OPTTAB_INT] = parse_int,
		[OPTTAB_U32] = parse_u32,
		[OPTTAB_U64] = parse_u64,
		[OPTTAB_AMOUNT] = parse_amount,
		[OPTTAB_RATE] = parse_rate,
		[OPTTAB_SECONDS] = parse_seconds,
		[OPTTAB_WORD] = parse_word,
		[OPTTAB_WORDS] = parse_words,
		[OPTTAB_WORD_FILE] = parse_word_file,
		[OPTTAB_STRING] = parse_string,
		[OPTTAB_PORTS] = opttab_parse_ports,
		[OPTTAB_PORT_RANGE] = opttab_parse_port_range,
		[OPTTAB_ADDRS] = opttab_parse_addrs,
		[OPTTAB_MAC] = opttab_parse_mac,
		[OPTTAB_HEX] = opttab_parse_hex,
		[OPTTAB_PAYLOAD] = parse_payload,
	};

	return parsers[row->type](&(struct reading){ row, base, value, e });
}

void opttab_free(const struct opttab_row *row, void *base)
{
	uint16_t **v;

	if (row->type != OPTTAB_PORTS)
		return;
	v = (void *)((char *)base + row->member);
	free(*v);
	*v = NULL;
	*(uint32_t *)(void *)((char *)base + row->also) = 0;
}
