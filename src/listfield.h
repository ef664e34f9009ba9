/* listfield: the fields that all forms of a server list's lines share. */
#ifndef TFOMAP_LISTFIELD_H
#define TFOMAP_LISTFIELD_H

#include "addr.h"

struct err;

/* -EINVAL with a hint where text is "name" or "name:port"; 0: it is not a name. */
int listfield_refuse_name(const char *text, struct err *e);

/* Parses an address without port. 0, or -EINVAL with a message. */
int listfield_address(struct addr *out, const char *text, struct err *e);

/*
 * Whether s can be a target's domain: at most 253 bytes of letters, digits, '.', '-', '_' and what
 * is not ASCII; it goes into requests and rows as it is. May be empty. 0, or -EINVAL with a
 * message.
 */
int listfield_check_domain(const char *s, struct err *e);

#endif
