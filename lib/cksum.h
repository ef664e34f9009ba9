/*
 * cksum: the Internet checksum (RFC 1071) as running sums, and its repair (RFC 1624): a template's
 * checksum plus the words that were zero in it and now are not. Static inline for every sender.
 */
#ifndef TFOMAP_CKSUM_H
#define TFOMAP_CKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"

/* Adds n bytes, as big-endian 16-bit words (an odd last byte is padded), to sum. */
static inline uint64_t cksum_add(uint64_t sum, const uint8_t *p, size_t n)
{
	size_t i = 0;

	for (; i + 4 <= n; i += 4)
		sum += get_be32(p + i);
	for (; i + 2 <= n; i += 2)
		sum += get_be16(p + i);
	if (i < n)
		sum += (uint64_t)p[i] << 8;
	return sum;
}

/*
 * The checksum field for a sum. A word plus itself with its halves swapped: the upper half is the
 * sum of both with the carry that it gave, as the lower half's carry.
 */
static inline uint16_t cksum_fold(uint64_t sum)
{
	uint32_t half;

	sum += sum << 32 | sum >> 32;
	half = (uint32_t)(sum >> 32);
	half += half << 16 | half >> 16;
	return (uint16_t)(~half >> 16);
}

/* A checksum field once a word of what it covers has become another one (RFC 1624, equation 3). */
static inline uint16_t cksum_repair(uint16_t field, uint16_t from, uint16_t to)
{
	return cksum_fold((uint64_t)(uint16_t)~field + (uint16_t)~from + to);
}

#endif
