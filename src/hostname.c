#include "hostname.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "err.h"

bool hostname_is(const char *s, size_t len)
{
	const char *label = s;

	if (len && s[len - 1] == '.')
		len--;
	if (len == 0 || len > HOSTNAME_LEN_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '.')
			label = s + i + 1;
		else if (c >= 0x80 || (!isalnum(c) && c != '-' && c != '_'))
			return false;
	}
	return label < s + len && isalpha((unsigned char)*label);
}

bool hostname_is_endpoint(const char *s, size_t *len)
{
	*len = strcspn(s, ":");
	/* fe80::1 begins like a name, too. */
	return hostname_is(s, *len) && (!s[*len] || !strchr(s + *len + 1, ':'));
}

static bool from_sockaddr(const struct sockaddr *sa, struct addr *out)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		*out = addr_from_v4(ntohl(in.sin_addr.s_addr));
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		*out = addr_from_wire6(in6.sin6_addr.s6_addr);
		return true;
	}
	return false;
}

int hostname_resolve(const char *name, hostname_visit_fn *visit, void *arg, struct err *e)
{
	/* One socket type: each address comes once. Not AI_ADDRCONFIG: all of them. */
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int rc, err = 0;

	rc = getaddrinfo(name, NULL, &hints, &list);
	if (rc == EAI_SYSTEM) {
		err = errno ? errno : EIO;
		return err_set(e, err, "cannot resolve %s: %s", name, strerror(err));
	}
	if (rc)
		return err_set(e, ENOENT, "cannot resolve %s: %s", name, gai_strerror(rc));
	for (const struct addrinfo *i = list; i && !err; i = i->ai_next) {
		struct addr a;

		if (from_sockaddr(i->ai_addr, &a))
			err = visit(arg, a, e);
	}
	freeaddrinfo(list);
	return err;
}
