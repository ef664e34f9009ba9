#include "lists/listline_csv.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/lines.h"
#include "err.h"
#include "lists/listfield.h"
#include "lists/listline.h"

#define FIELDS 3	/* that are looked at: address, port, domain */

/* The len bytes at s without blanks and quotes around them are name; NULL is none. */
static bool is_name(const char *s, size_t len, const char *name)
{
	static const char around[] = " \t\"";
	size_t before = strspn(s, around);

	before = before < len ? before : len;
	s += before;
	len -= before;
	while (len && strchr(around, s[len - 1]))
		len--;
	return name && strlen(name) == len && strncmp(s, name, len) == 0;
}

/* The column of that name; *n: how many there are, which it is where there is none such. */
static size_t find_column(const char *header, const char *name, size_t *n)
{
	size_t found = SIZE_MAX;

	for (*n = 0;; header++) {
		size_t len = strcspn(header, ",");

		if (found == SIZE_MAX && is_name(header, len, name))
			found = *n;
		++*n;
		header += len;
		if (!*header)
			return found < *n ? found : *n;
	}
}

bool listline_is_header(struct listline *l, const char *text)
{
	size_t n, ip;

	/* What most lines begin with, no name does. */
	if (!isalpha((unsigned char)*text) && *text != '"')
		return false;
	for (size_t i = 0; i < LISTLINE_NAMES; i++) {
		const struct listline_names *names = &listline_names[i];

		ip = find_column(text, names->ip, &n);
		if (ip == n)
			continue;
		l->columns = n;
		l->ip_at = ip;
		l->port_at = find_column(text, names->port, &n);
		l->domain_at = find_column(text, names->domain, &n);
		return true;
	}
	return false;
}

char *listline_next_field(char **rest)
{
	char *s = *rest + strspn(*rest, " \t"), *field = s, *out = s, *end;

	if (*s != '"') {
		end = s + strcspn(s, ",");
		*rest = *end ? end + 1 : NULL;
		*end = '\0';
		return lines_trim(field);
	}
	for (s++; *s && (*s != '"' || s[1] == '"'); s++) {
		s += *s == '"';
		*out++ = *s;
	}
	if (!*s)
		return NULL;
	end = s + strcspn(s, ",");
	*rest = *end ? end + 1 : NULL;
	*out = '\0';
	return field;
}

/* Splits the line; f: address, port, domain, "" where they are left out. *n: all fields. */
static int split(const struct listline *l, char *text, const char *f[static FIELDS], size_t *n,
		 struct err *e)
{
	const size_t at[FIELDS] = {
		l->columns ? l->ip_at : 0, l->columns ? l->port_at : 1,
		l->columns ? l->domain_at : 2,
	};
	char *rest = text;

	f[0] = f[1] = f[2] = "";
	for (*n = 0; rest; ++*n) {
		char *field = listline_next_field(&rest);

		if (!field)
			return err_set(e, EINVAL, "field %zu: the closing quote is missing",
				       *n + 1);
		for (size_t i = 0; i < FIELDS; i++)
			if (at[i] == *n)
				f[i] = field;
	}
	return 0;
}

int listline_csv(struct listline *l, char *text, struct err *e)
{
	const char *f[FIELDS];
	size_t n;
	int err = split(l, text, f, &n, e);

	if (err)
		return err;
	if (!l->columns && n > FIELDS)
		return err_set(e, EINVAL, "more than three fields; a line is "
			       "address,port,domain, or a header line that names the columns is "
			       "before it");
	if (l->columns && n != l->columns)
		return err_set(e, EINVAL, "%zu field%s, but the header line names %zu column%s", n,
			       n == 1 ? "" : "s", l->columns, l->columns == 1 ? "" : "s");
	err = listfield_address(&l->ip, f[0], e);
	if (!err && *f[1])
		err = listfield_port(&l->port, f[1], e);
	if (!err)
		err = listfield_domain(&l->x, f[2], e);
	return err ? err : l->take(l->arg, l, e);
}
