#include "lists/listline_json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/lines.h"
#include "err.h"
#include "lists/hostname.h"
#include "lists/listfield.h"
#include "lists/listline.h"

/* ---- info ---- */

static bool has_real(json_t *v)
{
	json_t *inner;
	const char *key;
	size_t i;

	json_object_foreach(v, key, inner)
		if (has_real(inner))
			return true;
	json_array_foreach(v, i, inner)
		if (has_real(inner))
			return true;
	return json_is_real(v);
}

/*
 * Writes o to buf, numbers with the fewest digits that read back as the same value: 0.1 stays 0.1.
 * False: it does not fit.
 */
static bool dump_info(json_t *o, char buf[static TARGETS_INFO_LEN])
{
	bool same = false;

	for (unsigned int digits = 15; digits <= 17 && !same; digits++) {
		size_t n = json_dumpb(o, buf, TARGETS_INFO_LEN - 1,
				      JSON_COMPACT | JSON_REAL_PRECISION(digits));
		json_t *again;

		if (n == 0 || n > TARGETS_INFO_LEN - 1)
			return false;
		buf[n] = '\0';
		if (!has_real(o))
			return true;
		again = json_loadb(buf, n, 0, NULL);
		same = again && json_equal(o, again);
		json_decref(again);
	}
	return true;
}

/* PATHspider's keys beside the target's; of a row of tfomap, what its list said. */
static int set_info(struct listline *l, json_t *o, const struct listline_names *names,
		    struct err *e)
{
	json_t *info = json_object_get(o, "info");

	if (names == LISTLINE_PATHSPIDER) {
		json_object_del(o, names->ip);
		json_object_del(o, names->port);
		json_object_del(o, names->domain);
		info = o;
	}
	if (!json_is_object(info) || json_object_size(info) == 0)
		return 0;
	if (dump_info(info, l->x.info))
		return 0;
	l->x.info[0] = '\0';
	return err_set(e, EINVAL, "%s need more than %d bytes; leave some out",
		       info == o ? "the keys beside dip, dp and domain" : "the keys of info",
		       TARGETS_INFO_LEN - 1);
}

/* ---- the target ---- */

static int set_port(struct listline *l, const json_t *port, const char *name, struct err *e)
{
	json_int_t v = json_is_integer(port) ? json_integer_value(port) : 0;

	l->port = 0;
	if (!port || json_is_null(port))
		return 0;
	if (v < 1 || v > UINT16_MAX)
		return err_set(e, EINVAL, "\"%s\": the port must be a number of 1..65535", name);
	l->port = (uint16_t)v;
	return 0;
}

static int set_domain(struct listline *l, const json_t *o, const struct listline_names *names,
		      struct err *e)
{
	const json_t *domain = names->domain ? json_object_get(o, names->domain) : NULL;
	const json_t *host = json_object_get(o, "host");

	/* naabu's, an address where no name was given. */
	if (!domain && names == LISTLINE_ROWS && json_is_string(host) &&
	    hostname_is(json_string_value(host), json_string_length(host)))
		domain = host;
	if (!domain || json_is_null(domain))
		return 0;
	if (!json_is_string(domain))
		return err_set(e, EINVAL, "\"%s\" is not a string", names->domain);
	return listfield_domain(&l->x, json_string_value(domain), e);
}

/* What masscan and naabu found by UDP or SCTP is not probed. */
static bool is_tcp(const json_t *o)
{
	const json_t *protocol = json_object_get(o, "proto");

	if (!protocol)
		protocol = json_object_get(o, "protocol");
	return !json_is_string(protocol) || strcmp(json_string_value(protocol), "tcp") == 0;
}

/* Has the target taken; o: what says of which protocol it is. */
static int take_tcp(struct listline *l, const json_t *o, const struct listline_names *names,
		    struct err *e)
{
	if (names != LISTLINE_PATHSPIDER && !is_tcp(o)) {
		l->n_other++;
		return 0;
	}
	return l->take(l->arg, l, e);
}

static const struct listline_names *find_names(const json_t *o)
{
	for (size_t i = 0; i < LISTLINE_NAMES; i++)
		if (json_is_string(json_object_get(o, listline_names[i].ip)))
			return &listline_names[i];
	return NULL;
}

static int take_object(struct listline *l, json_t *o, struct err *e)
{
	const struct listline_names *names = find_names(o);
	const json_t *ports = json_object_get(o, "ports"), *one;
	size_t i;
	int err;

	if (!names)
		return err_set(e, EINVAL, "no \"dip\", \"ip\" or \"saddr\": the address, a string "
			       "(a list of names is resolved first: zdns, massdns, dig)");
	target_extra_clear(&l->x);
	err = listfield_address(&l->ip, json_string_value(json_object_get(o, names->ip)), e);
	if (!err)
		err = set_domain(l, o, names, e);
	if (!err)
		err = set_port(l, json_object_get(o, names->port), names->port, e);
	if (!err)
		err = set_info(l, o, names, e);
	if (err)
		return err;
	/* masscan's have an array of ports. */
	if (names != LISTLINE_ROWS || !json_is_array(ports))
		return take_tcp(l, o, names, e);
	json_array_foreach(ports, i, one) {
		err = set_port(l, json_object_get(one, names->port), names->port, e);
		if (!err)
			err = take_tcp(l, one, names, e);
		if (err)
			return err;
	}
	return 0;
}

/* ---- lines ---- */

static const char around[] = "[], \t";

bool listline_is_json(const char *text)
{
	size_t skip = strspn(text, around);

	/* An array's ends and commas have lines, too; ",," is CSV without an address. */
	return text[skip] == '{' || (!text[skip] && (skip == 1 || *text != ','));
}

int listline_json(struct listline *l, char *text, struct err *e)
{
	char *s = text + strspn(text, around);
	json_error_t je;

	/* How masscan ended its arrays once. */
	if (strncmp(s, "{finished:", 10) == 0)
		return 0;
	while (*s == '{') {
		/* A # inside a string is no comment, so the comment is what follows the object. */
		json_t *o = json_loads(s, JSON_DISABLE_EOF_CHECK, &je);
		int err;

		if (!o)
			return err_set(e, EINVAL, "not a JSON object: %s (byte %d)", je.text,
				       (int)(s - text) + je.position);
		s += je.position;
		err = take_object(l, o, e);
		json_decref(o);
		if (err)
			return err;
		s += strspn(s, around);
	}
	if (*lines_trim_comment(s))
		return err_set(e, EINVAL, "more follows the JSON object, at byte %d",
			       (int)(s - text));
	return 0;
}
