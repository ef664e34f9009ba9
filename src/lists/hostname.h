/* hostname: names of hosts: what looks like one, and its addresses. */
#ifndef TFOMAP_HOSTNAME_H
#define TFOMAP_HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"

struct err;

#define HOSTNAME_LEN_MAX 253	/* RFC 1035 2.3.4, without the dots of the root and of the wire */

/* What a name in ASCII is made of: letters, digits, '.', '-' and '_'. */
bool hostname_is_char(char c);

/*
 * True where the len bytes at s are letters, digits, '.', '-', '_' alone and the last label begins
 * with a letter: a name, and no address that was mistyped (the resolver takes "10.1" and "0x7f.1").
 * What is not ASCII counts as letters: whether it is a name hostname_to_ascii() decides.
 */
bool hostname_is(const char *s, size_t len);

/* True where s is a name, or a name, a colon and more without a colon; *len: of the name. */
bool hostname_is_endpoint(const char *s, size_t *len);

/*
 * Writes the form that a name in UTF-8 has in DNS, TLS and HTTP: its A-labels (IDNA 2008, mapped as
 * browsers do, UTS 46). What is ASCII is that form already. 0, or -EINVAL with a message.
 */
#define HOSTNAME_BUF_LEN (HOSTNAME_LEN_MAX + 2)
int hostname_to_ascii(const char *name, char out[static HOSTNAME_BUF_LEN], struct err *e);

/* Called with each address of a name. 0, or -errno, which ends the visit. */
typedef int hostname_visit_fn(void *arg, struct addr a, struct err *e);

/*
 * Resolves an ASCII name by the system's resolver and visits all its addresses, both families.
 * Waits for the answer. 0, or -errno with a message that names it; -ENOENT: the name has none.
 */
int hostname_resolve(const char *name, hostname_visit_fn *visit, void *arg, struct err *e);

#endif
