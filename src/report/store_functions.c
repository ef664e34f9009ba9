#include "report/store_functions.h"

#include <libpsl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

#define DOMAIN_LEN 256	/* with a NUL; a longer one is no name of the DNS */

static struct addr mask(struct addr a, unsigned int len)
{
	a.hi &= len == 0 ? 0 : len >= 64 ? UINT64_MAX : UINT64_MAX << (64 - len);
	a.lo &= len <= 64 ? 0 : len >= 128 ? UINT64_MAX : UINT64_MAX << (128 - len);
	return a;
}

/* prefix(ip, length): of IPv4 addresses where the length is one of theirs. */
static void prefix(sqlite3_context *ctx, int n, sqlite3_value **args)
{
	const char *text = (const char *)sqlite3_value_text(args[0]);
	int len = sqlite3_value_int(args[1]);
	char out[ADDR_STRLEN + 8];
	struct addr a;
	bool v4;

	(void)n;
	if (!text || addr_parse(&a, text))
		return;
	v4 = addr_is_v4(a);
	if (len < 0 || len > (v4 ? 32 : 128))
		return;
	a = mask(a, (unsigned int)len + (v4 ? 96 : 0));
	/* The IPv4-mapped part is not the address's. */
	if (v4)
		a = addr_from_v4(addr_v4(a));
	addr_format(a, out);
	snprintf(out + strlen(out), 8, "/%d", len);
	sqlite3_result_text(ctx, out, -1, SQLITE_TRANSIENT);
}

/* suffix(domain): in small letters, as the list has them. */
static void suffix(sqlite3_context *ctx, int n, sqlite3_value **args)
{
	const char *text = (const char *)sqlite3_value_text(args[0]), *registered;
	char name[DOMAIN_LEN];
	size_t len;

	(void)n;
	len = text ? strlen(text) : 0;
	if (len && text[len - 1] == '.')
		len--;
	if (!len || len >= sizeof(name))
		return;
	for (size_t i = 0; i < len; i++)
		name[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 0x20) : text[i];
	name[len] = '\0';
	registered = psl_registrable_domain(psl_builtin(), name);
	sqlite3_result_text(ctx, registered ? registered : name, -1, SQLITE_TRANSIENT);
}

int store_add_functions(struct sqlite3 *db)
{
	const int how = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
	int rc = sqlite3_create_function(db, "prefix", 2, how, NULL, prefix, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(db, "suffix", 1, how, NULL, suffix, NULL, NULL);
	return rc;
}
