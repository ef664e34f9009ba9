/* utf8: text that others wrote, made well-formed UTF-8 (RFC 3629). */
#ifndef TFOMAP_UTF8_H
#define TFOMAP_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed character that the n bytes at s begin with, 1..4; 0: none. */
size_t utf8_length(const uint8_t *s, size_t n);

/*
 * Copies n bytes; each one that belongs to no well-formed character becomes U+FFFD. dst has room
 * for UTF8_CLEAN_MAX(n) bytes; no NUL is added. Returns the bytes written.
 */
#define UTF8_CLEAN_MAX(n) (3 * (n))
size_t utf8_clean(char *dst, const char *src, size_t n);

#endif
