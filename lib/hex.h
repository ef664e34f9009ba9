/* hex: bytes written as hexadecimal digits, in either case. */
#ifndef TFOMAP_HEX_H
#define TFOMAP_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digits.h"

/* The value of a digit; -1: it is none. */
static inline int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Reads n bytes, two digits each, with sep between them where it is not 0. False: s is not just
 * that; then out is not to be used.
 */
bool hex_read(const char *s, char sep, uint8_t *out, size_t n);

#endif
