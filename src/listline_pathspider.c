#include "listline_pathspider.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "lines.h"
#include "listfield.h"

/*
 * Writes o to buf, numbers with the fewest digits that read back as the same value: 0.1 stays 0.1.
 * False: it does not fit.
 */
static bool dump_info(const json_t *o, char buf[static TARGETS_INFO_LEN])
{
	for (unsigned int digits = 15; digits <= 17; digits++) {
		size_t n = json_dumpb(o, buf, TARGETS_INFO_LEN - 1,
				      JSON_COMPACT | JSON_REAL_PRECISION(digits));
		json_t *again;
		bool same;

		if (n == 0 || n > TARGETS_INFO_LEN - 1)
			return false;
		buf[n] = '\0';
		again = json_loadb(buf, n, 0, NULL);
		same = again && json_equal(o, again);
		json_decref(again);
		if (same)
			break;
	}
	return true;
}

/* The keys that are left when those of the target are taken out. */
static int json_info(struct listline *out, json_t *o, size_t line_len, struct target_extra *x,
		     struct err *e)
{
	char room[TARGETS_INFO_LEN], *buf = x ? x->info : room;

	json_object_del(o, "dip");
	json_object_del(o, "dp");
	json_object_del(o, "domain");
	if (json_object_size(o) == 0)
		return 0;
	out->has_extra = true;
	/* Without x it only matters whether it fits. */
	if (!x && line_len < PATHSPIDER_INFO_FITS)
		return 0;
	if (dump_info(o, buf))
		return 0;
	buf[0] = '\0';
	return err_set(e, EINVAL, "the keys beside dip, dp and domain need more than %d bytes; "
		       "leave some out", TARGETS_INFO_LEN - 1);
}

static int json_fields(struct listline *out, const json_t *o, struct target_extra *x,
		       struct err *e)
{
	const json_t *dip = json_object_get(o, "dip"), *dp = json_object_get(o, "dp");
	const json_t *domain = json_object_get(o, "domain");
	int err;

	if (!json_is_string(dip))
		return err_set(e, EINVAL, "no \"dip\": the address, a string (a list of names is "
			       "resolved first: zdns, massdns, dig)");
	err = listfield_address(&out->ip, json_string_value(dip), e);
	if (err)
		return err;
	if (json_is_integer(dp) && json_integer_value(dp) > 0 &&
	    json_integer_value(dp) <= UINT16_MAX)
		out->port = (uint16_t)json_integer_value(dp);
	else if (dp && !json_is_null(dp))
		return err_set(e, EINVAL, "\"dp\": the port must be a number of 1..65535");
	if (!domain || json_is_null(domain))
		return 0;
	if (!json_is_string(domain))
		return err_set(e, EINVAL, "\"domain\" is not a string");
	err = listfield_check_domain(json_string_value(domain), e);
	out->has_extra = json_string_length(domain) > 0;
	if (!err && x)
		snprintf(x->domain, sizeof(x->domain), "%s", json_string_value(domain));
	return err;
}

int pathspider_parse(struct listline *out, char *text, struct target_extra *x, struct err *e)
{
	size_t len = strlen(text);
	json_error_t je;
	json_t *o;
	int err;

	*out = (struct listline){ .port = 0 };
	/* A # inside a string is no comment, so the comment is what follows the object. */
	o = json_loadb(text, len, JSON_DISABLE_EOF_CHECK, &je);
	if (!o)
		return err_set(e, EINVAL, "not a JSON object: %s (byte %d)", je.text, je.position);
	if (*lines_trim_comment(text + je.position))
		err = err_set(e, EINVAL, "more follows the JSON object, at byte %d", je.position);
	else
		err = json_fields(out, o, x, e);
	if (!err)
		err = json_info(out, o, len, x, e);
	json_decref(o);
	return err;
}
