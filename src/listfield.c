#include "listfield.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "err.h"
#include "hostname.h"

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

int listfield_check_domain(const char *s, struct err *e)
{
	size_t len = strlen(s);

	if (len > HOSTNAME_LEN_MAX)
		return err_set(e, EINVAL, "domain %.64s...: longer than %d bytes", s,
			       HOSTNAME_LEN_MAX);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		/* Bytes of 0x80 and up: names in UTF-8 are the list's own business. */
		if (c < 0x80 && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= 'a' && c <= 'z') && !strchr(".-_", c))
			return err_set(e, EINVAL, "domain \"%.64s\": no name has the character "
				       "'%c'", s, c);
	}
	return 0;
}
