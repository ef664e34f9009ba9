/* The Internet checksum as RFC 1071 has it, for the tests of what computes it faster. */
#ifndef UNIT_PLAIN_SUM_H
#define UNIT_PLAIN_SUM_H

#include <stddef.h>
#include <stdint.h>

/* The one's complement sum of a and b. */
static inline uint16_t plain_plus(uint16_t a, uint16_t b)
{
	uint32_t sum = (uint32_t)a + b;

	return (uint16_t)(sum > 0xffff ? sum - 0xffff : sum);
}

/* sum and the n bytes at p: big-endian words, an odd last byte padded with zero. */
static inline uint16_t plain_sum(uint16_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = plain_plus(sum, (uint16_t)(i % 2 ? p[i] : p[i] << 8));
	return sum;
}

/* The checksum field for n bytes in which it is zero. */
static inline uint16_t plain_checksum(const uint8_t *p, size_t n)
{
	return (uint16_t)~plain_sum(0, p, n);
}

#endif
