#include "filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"
#include "err.h"

#define NODES_MAX	128
#define DEPTH_MAX	32	/* of brackets and ! */

enum op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE };

enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TERM };

struct node {
	enum node_kind kind;
	uint16_t left, right;		/* NOT: left alone */
	/* TERM */
	int field;
	enum filter_type type;
	enum op op;
	bool is_null;
	double number;
	struct addr first, last;
	int bit;
	char text[FILTER_TEXT_MAX + 1];
};

struct filter {
	struct node v[NODES_MAX];
	unsigned int n, root;
};

struct parser {
	struct filter *f;
	const struct filter_fields *fields;
	const char *text, *at;
	unsigned int depth;
	struct err *e;
	int rc;
};

/* ---- words --------------------------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_space(struct parser *p)
{
	while (is_space(*p->at))
		p->at++;
}

static int fail(struct parser *p, const char *why)
{
	if (!p->rc)
		p->rc = err_set(p->e, EINVAL, "--output-filter %.200s: character %zu: %s; as in: "
				"verdict = accepted && rtt_ms > 100", p->text,
				(size_t)(p->at - p->text) + 1, why);
	return -1;
}

static bool take(struct parser *p, const char *token)
{
	size_t n = strlen(token);

	skip_space(p);
	if (strncmp(p->at, token, n) != 0)
		return false;
	p->at += n;
	return true;
}

static bool is_bare(char c)
{
	return c && !is_space(c) && !strchr("()!&|=<>'\"", c);
}

/* A word, or a text in quotes. False: there is none, which is said. */
static bool take_word(struct parser *p, char out[static FILTER_TEXT_MAX + 1], bool quotes)
{
	size_t n = 0;
	char quote;

	skip_space(p);
	quote = quotes && (*p->at == '\'' || *p->at == '"') ? *p->at++ : '\0';
	while (n < FILTER_TEXT_MAX && (quote ? *p->at && *p->at != quote : is_bare(*p->at)))
		out[n++] = *p->at++;
	out[n] = '\0';
	if (quote && *p->at != quote)
		return fail(p, "a quote is not closed, or the text too long") == 0;
	p->at += quote != '\0';
	if (!n && !quote)
		return fail(p, quotes ? "a value is missing" : "a field is missing") == 0;
	return true;
}

/* ---- terms --------------------------------------------------------------------------------- */

static int take_op(struct parser *p, enum op *op)
{
	static const struct {
		const char *text;
		enum op op;
	} ops[] = {
		{ "==", OP_EQ }, { "!=", OP_NE }, { "<=", OP_LE }, { ">=", OP_GE }, { "=", OP_EQ },
		{ "<", OP_LT }, { ">", OP_GT },
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (take(p, ops[i].text)) {
			*op = ops[i].op;
			return 0;
		}
	return fail(p, "a comparison (= != < <= > >=) is missing");
}

/* Digits, a sign before them, a fraction after. False: s is something else. */
static bool number_of(const char *s, double *out)
{
	bool negative = *s == '-';
	double scale = 1;
	uint64_t whole;

	s += negative;
	if (!is_digit(*s) || !digits_read(&s, &whole))
		return false;
	*out = (double)whole;
	if (*s == '.' && is_digit(s[1]))
		for (s++; is_digit(*s); s++)
			*out += (*s - '0') * (scale /= 10);
	*out = negative ? -*out : *out;
	return !*s;
}

static int read_number(struct parser *p, struct node *t)
{
	if (strcmp(t->text, "true") == 0 || strcmp(t->text, "false") == 0)
		t->number = t->text[0] == 't';
	else if (!number_of(t->text, &t->number))
		return fail(p, "the field is a number, the value is none");
	return 0;
}

static int read_value(struct parser *p, struct node *t)
{
	bool ordered = t->type == FILTER_NUMBER || t->type == FILTER_ORDERED;

	if (!ordered && t->op != OP_EQ && t->op != OP_NE)
		return fail(p, "the field has no order: = and != are possible");
	if (strcmp(t->text, "null") == 0) {
		t->is_null = true;
		return t->op == OP_EQ || t->op == OP_NE ? 0
		       : fail(p, "null has no order: = and != are possible");
	}
	switch (t->type) {
	case FILTER_NUMBER:
		return read_number(p, t);
	case FILTER_ADDR:
		if (addr_parse_prefix(&t->first, &t->last, t->text, NULL))
			return fail(p, "the value is no address or prefix");
		return 0;
	case FILTER_TEXT:
	case FILTER_SET:
		t->bit = p->fields->word ? p->fields->word(p->fields->arg, t->field, t->text) : 0;
		return t->bit >= 0 ? 0 : fail(p, "the value is none of the field's words");
	case FILTER_ORDERED:
		return 0;
	case FILTER_OPAQUE:
		break;
	}
	return fail(p, "the field cannot be compared, but with null");
}

static int add_node(struct parser *p, enum node_kind kind, int left, int right)
{
	struct node *n;

	if (p->rc)
		return -1;
	if (p->f->n == NODES_MAX)
		return fail(p, "the expression is too long");
	n = &p->f->v[p->f->n];
	memset(n, 0, sizeof(*n));
	n->kind = kind;
	n->left = (uint16_t)left;
	n->right = (uint16_t)right;
	return (int)p->f->n++;
}

static int parse_term(struct parser *p)
{
	int at = add_node(p, NODE_TERM, 0, 0);
	const char *begin;
	struct node *t;

	if (at < 0)
		return -1;
	t = &p->f->v[at];
	skip_space(p);
	begin = p->at;
	if (!take_word(p, t->text, false))
		return -1;
	t->field = p->fields->find(p->fields->arg, t->text, &t->type);
	if (t->field < 0) {
		p->at = begin;
		return fail(p, "no such field in these rows (--list-output-fields)");
	}
	if (take_op(p, &t->op) || !take_word(p, t->text, true) || read_value(p, t))
		return -1;
	return at;
}

/* ---- expressions --------------------------------------------------------------------------- */

static int parse_or(struct parser *p);

static int parse_not(struct parser *p)
{
	int inner;

	if (p->depth > DEPTH_MAX)
		return fail(p, "too many brackets");
	skip_space(p);
	if (*p->at == '!' && p->at[1] != '=') {
		p->at++;
		p->depth++;
		inner = parse_not(p);
		p->depth--;
		return inner < 0 ? -1 : add_node(p, NODE_NOT, inner, 0);
	}
	if (!take(p, "("))
		return parse_term(p);
	p->depth++;
	inner = parse_or(p);
	p->depth--;
	return inner < 0 || take(p, ")") ? inner : fail(p, "a bracket is not closed");
}

static int parse_and(struct parser *p)
{
	int left = parse_not(p);

	while (left >= 0 && take(p, "&&"))
		left = add_node(p, NODE_AND, left, parse_not(p));
	return left;
}

static int parse_or(struct parser *p)
{
	int left = parse_and(p);

	while (left >= 0 && take(p, "||"))
		left = add_node(p, NODE_OR, left, parse_and(p));
	return left;
}

int filter_parse(struct filter **out, const char *text, const struct filter_fields *fields,
		 struct err *e)
{
	struct parser p = { .f = calloc(1, sizeof(*p.f)), .fields = fields, .text = text,
			    .at = text, .e = e };
	int root;

	if (!p.f)
		return err_set(e, ENOMEM, "no memory for --output-filter");
	root = parse_or(&p);
	skip_space(&p);
	if (root >= 0 && *p.at)
		root = fail(&p, "a && or || is missing");
	if (root < 0) {
		filter_free(p.f);
		return p.rc;
	}
	p.f->root = (unsigned int)root;
	*out = p.f;
	return 0;
}

void filter_free(struct filter *f)
{
	free(f);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static bool by_order(enum op op, int order)
{
	switch (op) {
	case OP_EQ:
		return order == 0;
	case OP_NE:
		return order != 0;
	case OP_LT:
		return order < 0;
	case OP_LE:
		return order <= 0;
	case OP_GT:
		return order > 0;
	case OP_GE:
		return order >= 0;
	}
	return false;
}

static bool is_within(struct addr a, struct addr first, struct addr last)
{
	return addr_cmp(a, first) >= 0 && addr_cmp(a, last) <= 0;
}

static bool term_matches(const struct node *t, const struct filter_value *v)
{
	if (t->is_null || v->is_null)
		return t->op == OP_NE ? t->is_null != v->is_null
		       : t->op == OP_EQ && t->is_null && v->is_null;
	switch (t->type) {
	case FILTER_NUMBER:
		return by_order(t->op, (v->number > t->number) - (v->number < t->number));
	case FILTER_ADDR:
		return is_within(v->addr, t->first, t->last) == (t->op == OP_EQ);
	case FILTER_TEXT:
		return by_order(t->op, strcmp(v->text, t->text));
	case FILTER_ORDERED:
		return by_order(t->op, strncmp(v->text, t->text, strlen(t->text)));
	case FILTER_SET:
		return (v->set >> t->bit & 1) == (t->op == OP_EQ);
	case FILTER_OPAQUE:
		break;
	}
	return false;
}

static bool node_matches(const struct filter *f, unsigned int at, const void *row,
			 void (*value)(const void *row, int field, struct filter_value *v))
{
	const struct node *n = &f->v[at];
	struct filter_value v = { .is_null = true };

	switch (n->kind) {
	case NODE_AND:
		return node_matches(f, n->left, row, value)
		       && node_matches(f, n->right, row, value);
	case NODE_OR:
		return node_matches(f, n->left, row, value)
		       || node_matches(f, n->right, row, value);
	case NODE_NOT:
		return !node_matches(f, n->left, row, value);
	case NODE_TERM:
		break;
	}
	value(row, n->field, &v);
	return term_matches(n, &v);
}

bool filter_matches(const struct filter *f, const void *row,
		    void (*value)(const void *row, int field, struct filter_value *v))
{
	return node_matches(f, f->root, row, value);
}
