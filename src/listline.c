#include "listline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "lines.h"
#include "listfield.h"
#include "listline_pathspider.h"

/* "address,port,domain"; the last two may be empty. */
static int parse_csv(struct listline *out, char *text, struct target_extra *x, struct err *e)
{
	char *port = strchr(text, ','), *domain;
	int err;

	*port++ = '\0';
	domain = strchr(port, ',');
	if (domain)
		*domain++ = '\0';
	if (domain && strchr(domain, ','))
		return err_set(e, EINVAL, "more than three fields; a line is "
			       "address,port,domain");
	err = listfield_address(&out->ip, lines_trim(text), e);
	port = lines_trim(port);
	if (!err && *port && !addr_parse_port(port, &out->port))
		err = err_set(e, EINVAL, "port %.32s: must be a number of 1..65535", port);
	if (err || !domain)
		return err;
	domain = lines_trim(domain);
	err = listfield_check_domain(domain, e);
	out->has_extra = *domain != '\0';
	if (!err && x)
		snprintf(x->domain, sizeof(x->domain), "%s", domain);
	return err;
}

int listline_parse(struct listline *out, char *text, struct target_extra *x, struct err *e)
{
	int err;

	*out = (struct listline){ .port = 0 };
	if (x)
		x->domain[0] = x->info[0] = '\0';
	if (*text == '{')
		return pathspider_parse(out, text, x, e);
	text = lines_trim_comment(text);
	if (strchr(text, ','))
		return parse_csv(out, text, x, e);
	if (strstr(text, "://"))
		return err_set(e, EINVAL, "%.64s: a URL; a line is an address, addr:port or "
			       "address,port,domain", text);
	if (strchr(text, '/'))
		return err_set(e, EINVAL, "%.64s: a list has single addresses; give a prefix "
			       "on the command line or with --allowlist-file", text);
	err = listfield_refuse_name(text, e);
	if (!err)
		err = addr_parse_endpoint(&out->ip, &out->port, text, e);
	return err;
}
