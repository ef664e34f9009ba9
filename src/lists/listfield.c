#include "lists/listfield.h"

#include <errno.h>
#include <string.h>

#include "err.h"
#include "lists/hostname.h"
#include "utf8.h"

int listfield_refuse_name(const char *text, struct err *e)
{
	size_t len;

	if (!hostname_is_endpoint(text, &len))
		return 0;
	return err_set(e, EINVAL, "%.64s: a name, not an address; resolve lists first (zdns, "
		       "massdns, dig), or give the name on the command line", text);
}

int listfield_address(struct addr *out, const char *text, struct err *e)
{
	uint16_t port;
	int err;

	if (addr_parse(out, text) == 0)
		return 0;
	err = listfield_refuse_name(text, e);
	if (!err)
		err = addr_parse_endpoint(out, &port, text, e);
	if (!err && port)
		err = err_set(e, EINVAL, "%.64s: the port has a place of its own in this kind of "
			      "line", text);
	return err;
}

int listfield_port(uint16_t *out, const char *text, struct err *e)
{
	if (addr_parse_port(text, out))
		return 0;
	return err_set(e, EINVAL, "port %.32s: must be a number of 1..65535", text);
}

static int too_long(const char *s, struct err *e)
{
	return err_set(e, EINVAL, "domain %.64s...: longer than %d bytes", s, HOSTNAME_LEN_MAX);
}

static int check_domain(const char *s, struct err *e)
{
	size_t len = strlen(s);

	if (len > HOSTNAME_LEN_MAX)
		return too_long(s, e);
	for (size_t i = 0, n; i < len; i += n) {
		enum utf8_kind kind = utf8_next((const uint8_t *)s + i, len - i, &n);

		if (kind == UTF8_MALFORMED)
			return err_set(e, EINVAL, "domain \"%.64s\": not UTF-8 (byte %zu)", s,
				       i + 1);
		if (kind == UTF8_ACTING)
			return err_set(e, EINVAL, "domain \"%.64s\": no name has the character "
				       "U+%04X", s,
				       (unsigned int)utf8_code((const uint8_t *)s + i, n));
		if (n == 1 && !hostname_is_char(s[i]))
			return err_set(e, EINVAL, "domain \"%.64s\": no name has the character "
				       "'%c'", s, s[i]);
	}
	return 0;
}

int listfield_domain(struct target_extra *x, const char *s, struct err *e)
{
	char wire[HOSTNAME_BUF_LEN];
	int err = check_domain(s, e);

	if (!err && hostname_to_ascii(s, wire, e)) {
		err_prefix(e, "domain ");
		err = -EINVAL;
	}
	if (!err && strlen(wire) > HOSTNAME_LEN_MAX)
		err = too_long(s, e);
	if (err)
		return err;
	memcpy(x->domain, s, strlen(s) + 1);
	memcpy(x->wire, wire, strlen(wire) + 1);
	return 0;
}
