/* listfield: the fields that all forms of a server list's lines share. */
#ifndef TFOMAP_LISTFIELD_H
#define TFOMAP_LISTFIELD_H

#include <stdint.h>

#include "addr.h"
#include "target.h"

struct err;

/* -EINVAL with a hint where text is "name" or "name:port"; 0: it is not a name. */
int listfield_refuse_name(const char *text, struct err *e);

/* Parses an address without port. 0, or -EINVAL with a message. */
int listfield_address(struct addr *out, const char *text, struct err *e);

/* Parses a port. 0, or -EINVAL with a message. */
int listfield_port(uint16_t *out, const char *text, struct err *e);

/*
 * Makes s, which may be empty, x's domain: at most 253 bytes of letters, digits, '.', '-', '_' and
 * what is not ASCII, of which the A-labels are as long at most. 0, or -EINVAL with a message.
 */
int listfield_domain(struct target_extra *x, const char *s, struct err *e);

#endif
