/* opttab's other half: from rows and values to text. */
#include "opttab.h"

#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "digits.h"
#include "payload.h"
#include "text.h"

#define NS_PER_S	1000000000u
#define GROUP_COLUMNS	9	/* of --help: the group's name, */
#define HEAD_COLUMNS	27	/* the option's, then what it does */
#define WORD_MAX	63

static const void *row_member(const struct opttab_row *row, const void *base)
{
	return (const char *)base + row->member;
}

static const void *row_also(const struct opttab_row *row, const void *base)
{
	return row->also ? (const char *)base + row->also : NULL;
}

/* Whether the row's value was given, as far as a set flag shows. */
static bool row_is_set(const struct opttab_row *row, const void *base)
{
	const bool *set = row_also(row, base);

	return !set || *set;
}

static void format_seconds(struct text *t, uint64_t ns)
{
	uint32_t rest = (uint32_t)(ns % NS_PER_S), scale = NS_PER_S / 10;

	text_add(t, "%llu", (unsigned long long)(ns / NS_PER_S));
	for (const char *point = "."; rest; point = "", rest %= scale, scale /= 10)
		text_add(t, "%s%u", point, rest / scale);
}

static void format_words(struct text *t, const struct opttab_word *words, uint32_t set)
{
	const char *sep = "";

	for (unsigned int i = 0; words[i].word; i++) {
		if (!(set >> i & 1))
			continue;
		text_add(t, "%s%s", sep, words[i].word);
		sep = ",";
	}
}

static void format_word_file(struct text *t, const struct opttab_row *row, const void *base)
{
	const char *file = *(const char *const *)row_also(row, base);
	const char *word = NULL;

	if (row->member)
		word = *(const char *const *)row_member(row, base);
	for (const struct opttab_word *w = row->words; !word && w->word; w++)
		if (w->file == (file != NULL))
			word = w->word;
	text_add(t, "%s%s%s", word ? word : "", file ? ":" : "", file ? file : "");
}

static void format_ports(struct text *t, const uint16_t *v, uint32_t n)
{
	if (n == UINT16_MAX) {
		text_add(t, "*");
		return;
	}
	for (uint32_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && v[end] == v[end - 1] + 1; end++)
			;
		text_add(t, "%s%u", i ? "," : "", v[i]);
		if (end - i > 1)
			text_add(t, "-%u", v[end - 1]);
	}
}

static void format_addrs(struct text *t, const struct addr *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char s[ADDR_STRLEN];

		addr_format(v[i], s);
		text_add(t, "%s%s", i ? "," : "", s);
	}
}

static void format_hex(struct text *t, const uint8_t *v, size_t n, const char *sep)
{
	for (size_t i = 0; i < n; i++)
		text_add(t, "%s%02x", i ? sep : "", v[i]);
}

static void format_string(struct text *t, const char *s)
{
	text_add(t, "%s", s ? s : "");
}

/* The simple types' values; v: the member. */
static void format_number(struct text *t, enum opttab_type type, const void *v)
{
	if (type == OPTTAB_INT && *(const int *)v >= 0)
		text_add(t, "%d", *(const int *)v);
	if (type == OPTTAB_U32)
		text_add(t, "%u", *(const uint32_t *)v);
	if (type == OPTTAB_U64 || type == OPTTAB_AMOUNT)
		text_add(t, "%llu", (unsigned long long)*(const uint64_t *)v);
	if (type == OPTTAB_RATE)
		text_add(t, "%.15g", *(const double *)v);
}

static void format_amount(struct text *t, const uint64_t *v, const double *share)
{
	char percent[16];	/* 100.000000000 at most */
	size_t len;

	if (*share <= 0) {
		format_number(t, OPTTAB_AMOUNT, v);
		return;
	}
	len = (size_t)snprintf(percent, sizeof(percent), "%.9f", *share * 100);
	while (percent[len - 1] == '0')
		len--;
	if (percent[len - 1] == '.')
		len--;
	text_add_bytes(t, percent, len);
	text_add(t, "%%");
}

size_t opttab_format(const struct opttab_row *row, const void *base, char *out, size_t len)
{
	const void *v = row_member(row, base), *also = row_also(row, base);
	struct text t;
	int word;

	text_init(&t, out, len);
	switch (row->type) {
	case OPTTAB_FLAG:
		text_add(&t, "%s", *(const bool *)v ? "true" : "false");
		break;
	case OPTTAB_INT:
	case OPTTAB_RATE:
		format_number(&t, row->type, v);
		break;
	case OPTTAB_U32:
	case OPTTAB_U64:
		if (row_is_set(row, base))
			format_number(&t, row->type, v);
		break;
	case OPTTAB_AMOUNT:
		format_amount(&t, v, also);
		break;
	case OPTTAB_SECONDS:
		format_seconds(&t, *(const uint64_t *)v);
		break;
	case OPTTAB_WORD:
		memcpy(&word, v, sizeof(word));
		format_string(&t, row->words[word].word);
		break;
	case OPTTAB_WORDS:
		format_words(&t, row->words, *(const uint32_t *)v);
		break;
	case OPTTAB_WORD_FILE:
		format_word_file(&t, row, base);
		break;
	case OPTTAB_STRING:
		format_string(&t, *(const char *const *)v);
		break;
	case OPTTAB_PORTS:
		format_ports(&t, *(const uint16_t *const *)v, *(const uint32_t *)also);
		break;
	case OPTTAB_PORT_RANGE:
		text_add(&t, "%u-%u", *(const uint16_t *)v, *(const uint16_t *)also);
		break;
	case OPTTAB_ADDRS:
		format_addrs(&t, v, *(const size_t *)also);
		break;
	case OPTTAB_MAC:
		if (row_is_set(row, base))
			format_hex(&t, v, 6, ":");
		break;
	case OPTTAB_HEX:
		if (row_is_set(row, base))
			format_hex(&t, v, (size_t)row->max, "");
		break;
	case OPTTAB_PAYLOAD:
		format_string(&t, also ? *(const char *const *)also : NULL);
		break;
	case OPTTAB_TYPES:
		break;
	}
	return t.len;
}

static void add_words(struct text *t, const struct opttab_word *words, const char *sep)
{
	for (const struct opttab_word *w = words; w->word; w++)
		text_add(t, "%s%s%s", w == words ? "" : sep, w->word, w->file ? ":FILE" : "");
}

size_t opttab_values(const struct opttab_row *row, const char *sep, char *out, size_t len)
{
	struct text t;

	text_init(&t, out, len);
	if (row->words)
		add_words(&t, row->words, sep);
	else if (row->type == OPTTAB_PAYLOAD)
		for (size_t i = 0; payload_words[i]; i++)
			text_add(&t, "%s%s", i ? sep : "", payload_words[i]);
	else if (row->arg)
		text_add(&t, "%s", row->arg);
	return t.len;
}

size_t opttab_find(const struct opttab_row *rows, size_t n, const char *name)
{
	size_t i = 0;

	while (i < n && strcmp(rows[i].name, name) != 0)
		i++;
	return i;
}

size_t opttab_find_letter(const struct opttab_row *rows, size_t n, char letter)
{
	size_t i = 0;

	while (i < n && rows[i].letter != letter)
		i++;
	return i;
}

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

unsigned int opttab_distance(const char *a, const char *b)
{
	/* d[i % 3][j]: from the first i letters of a to the first j of b */
	unsigned int d[3][WORD_MAX + 1];
	size_t la = strnlen(a, WORD_MAX), lb = strnlen(b, WORD_MAX);

	for (size_t i = 0; i <= la; i++) {
		unsigned int *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			if (!i) {
				row[j] = (unsigned int)j;
				continue;
			}
			row[j] = least(up[j - 1] + (a[i - 1] != b[j - 1]),
				       least(up[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], up2[j - 2] + 1);
		}
	}
	return d[la % 3][lb];
}

const char *opttab_nearest(const struct opttab_row *rows, size_t n, const char *name)
{
	/* A third of the letters may be wrong: more, and the hint would be a guess. */
	unsigned int best = (unsigned int)strnlen(name, WORD_MAX) / 3 + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned int distance = opttab_distance(name, rows[i].name);

		if (distance < best) {
			best = distance;
			nearest = rows[i].name;
		}
	}
	return nearest;
}

/* "-p, --target-ports LIST" */
static void help_head(struct text *t, const struct opttab_row *row)
{
	if (row->letter)
		text_add(t, "-%c, ", row->letter);
	text_add(t, "--%s%s%s", row->name, row->arg ? " " : "", row->arg ? row->arg : "");
}

/* Blanks up to a column; never less than gap, so that nothing runs together. */
static void help_pad(struct text *t, size_t columns, size_t gap)
{
	for (; t->len < columns || gap; gap -= gap ? 1 : 0)
		text_add(t, " ");
}

size_t opttab_help(const struct opttab_row *rows, size_t n, bool first,
		   char out[static OPTTAB_LINE_LEN])
{
	struct text t;
	size_t i = 0;

	text_init(&t, out, OPTTAB_LINE_LEN);
	text_add(&t, "%s", first ? rows->group : "");
	help_pad(&t, GROUP_COLUMNS, 1);
	help_head(&t, &rows[0]);
	while (!rows[i].help && i + 1 < n) {
		text_add(&t, ", ");
		help_head(&t, &rows[++i]);
	}
	help_pad(&t, GROUP_COLUMNS + HEAD_COLUMNS, 2);
	text_add(&t, "%s", rows[i].help ? rows[i].help : "");
	if (rows[i].def && t.len + strlen(" (default )") + strlen(rows[i].def) < OPTTAB_LINE_LEN)
		text_add(&t, " (default %s)", rows[i].def);
	return i + 1;
}

static bool is_word_char(char c)
{
	return is_alnum(c) || c == '-';
}

/* The length of an option's name at s, which begins a word; 0: none there. */
static size_t option_len(const char *s)
{
	size_t len = s[0] == '-' && s[1] == '-' ? 2 : s[0] == '-' ? 1 : 0;

	if (!len || !is_word_char(s[len]) || s[len] == '-')
		return 0;
	while (is_word_char(s[len]))
		len++;
	return s[1] == '-' || len == 2 ? len : 0;
}

/* n bytes of s; begins: they follow a line's end, where a full stop would make a request. */
static void roff_chars(struct text *t, const char *s, size_t n, bool begins)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '-')
			text_add(t, "\\-");
		else if (s[i] == '\\')
			text_add(t, "\\e");
		else if (s[i] == '\'')
			text_add(t, "\\(aq");
		else if (s[i] == '.' && begins)
			text_add(t, "\\&.");
		else if (s[i] == ' ' && i > 0 && s[i - 1] == '.')
			text_add(t, "\n");	/* a sentence ends: roff spaces it */
		else
			text_add_bytes(t, s + i, 1);
		begins = s[i] == '\n';
	}
}

static void roff_text(struct text *t, const char *s)
{
	const char *start = s;

	while (*s) {
		size_t bold = option_len(s), plain = 0;

		if (bold) {
			text_add(t, "\\fB");
			roff_chars(t, s, bold, false);
			text_add(t, "\\fR");
			s += bold;
		}
		/* Up to where the next word may begin an option. */
		while (s[plain] && (plain == 0 || is_word_char(s[plain - 1])
				    || !option_len(s + plain)))
			plain++;
		roff_chars(t, s, plain, s == start);
		s += plain;
	}
}

/* The length of the sentence that s begins with, its full stop included. */
static size_t sentence_len(const char *s)
{
	const char *end = strstr(s, ". ");

	return end ? (size_t)(end - s) + 1 : strlen(s);
}

size_t opttab_summary(const struct opttab_row *row, char *out, size_t len)
{
	size_t first = sentence_len(row->man);
	const char *def = strstr(row->man + first, " Default: ");
	struct text t;

	text_init(&t, out, len);
	text_add_bytes(&t, row->man, first);
	if (def)
		text_add_bytes(&t, def, 1 + sentence_len(def + 1));
	return t.len;
}

size_t opttab_roff_text(const char *text, char *out, size_t len)
{
	struct text t;

	text_init(&t, out, len);
	roff_text(&t, text);
	return t.len;
}

size_t opttab_roff(const struct opttab_row *row, char *out, size_t len)
{
	struct text t;

	text_init(&t, out, len);
	text_add(&t, ".TP\n");
	if (row->letter)
		text_add(&t, "\\fB\\-%c\\fR, ", row->letter);
	text_add(&t, "\\fB\\-\\-");
	roff_chars(&t, row->name, strlen(row->name), false);
	text_add(&t, "\\fR");
	if (row->arg) {
		text_add(&t, " \\fI");
		roff_chars(&t, row->arg, strlen(row->arg), false);
		text_add(&t, "\\fR");
	}
	text_add(&t, "\n");
	roff_text(&t, row->man);
	text_add(&t, "\n");
	if (row->def) {
		text_add(&t, "Default: ");
		roff_chars(&t, row->def, strlen(row->def), false);
		text_add(&t, ".\n");
	}
	return t.len;
}
