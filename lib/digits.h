/* digits: ASCII digits and the numbers that they make, whatever the locale. */
#ifndef TFOMAP_DIGITS_H
#define TFOMAP_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A letter or digit. */
static inline bool is_alnum(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Reads digits at *s, if any, and steps over them. False: too many for 64 bits; then UINT64_MAX. */
bool digits_read(const char **s, uint64_t *out);

#endif
