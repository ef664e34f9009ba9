#include "lists/hostname.h"

#include <ctype.h>
#include <errno.h>
#include <idn2.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "digits.h"
#include "err.h"

bool hostname_is_char(char c)
{
	return is_alnum(c) || c == '.' || c == '-' || c == '_';
}

static bool is_letter(unsigned char c)
{
	return c >= 0x80 || isalpha(c);
}

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
		else if (c < 0x80 && !hostname_is_char(s[i]))
			return false;
	}
	return label < s + len && is_letter((unsigned char)*label);
}

bool hostname_is_endpoint(const char *s, size_t *len)
{
	*len = strcspn(s, ":");
	/* fe80::1 begins like a name, too. */
	return hostname_is(s, *len) && (!s[*len] || !strchr(s + *len + 1, ':'));
}

/* The mapping leaves some characters out, and makes ASCII of others: of a fullwidth @ an @. */
static int check_mapped(const char *name, const char *ascii, struct err *e)
{
	if (!*ascii)
		return err_set(e, EINVAL, "%.100s: no name: in ASCII it is empty", name);
	while (hostname_is_char(*ascii))
		ascii++;
	if (*ascii)
		return err_set(e, EINVAL, "%.100s: no name: in ASCII it has the character '%c'",
			       name, *ascii);
	return 0;
}

int hostname_to_ascii(const char *name, char out[static HOSTNAME_BUF_LEN], struct err *e)
{
	const char *s = name;
	char *ascii = NULL;
	size_t len;
	int rc;

	while (*s && (unsigned char)*s < 0x80)
		s++;
	rc = *s ? idn2_to_ascii_8z(name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) : IDN2_OK;
	if (rc != IDN2_OK)
		return err_set(e, EINVAL, "%.100s: not a name in UTF-8: %s", name,
			       idn2_strerror(rc));
	rc = ascii ? check_mapped(name, ascii, e) : 0;
	len = strlen(ascii ? ascii : name);
	if (len < HOSTNAME_BUF_LEN)
		memcpy(out, ascii ? ascii : name, len + 1);
	idn2_free(ascii);
	if (!rc && len >= HOSTNAME_BUF_LEN)
		rc = err_set(e, EINVAL, "%.100s: longer than %d bytes", name, HOSTNAME_LEN_MAX);
	return rc;
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
