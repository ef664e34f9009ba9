/*
 * siphash: SipHash-c-d over whole 64-bit words (a message of 8n bytes, each word read
 * little-endian), as static inline arithmetic so that an in-kernel program can compile it too.
 */
#ifndef TFOMAP_SIPHASH_H
#define TFOMAP_SIPHASH_H

#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;	/* the 16 key bytes as two little-endian words */
};

#define SIPHASH_ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

struct siphash_state {
	uint64_t v0, v1, v2, v3;
};

static inline __attribute__((always_inline)) void siphash_round(struct siphash_state *s)
{
	s->v0 += s->v1;
	s->v1 = SIPHASH_ROTL(s->v1, 13) ^ s->v0;
	s->v0 = SIPHASH_ROTL(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = SIPHASH_ROTL(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = SIPHASH_ROTL(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = SIPHASH_ROTL(s->v1, 17) ^ s->v2;
	s->v2 = SIPHASH_ROTL(s->v2, 32);
}

/*
 * SipHash-c-d word by word: begin, take each word, end with their number. c and d are compile-time
 * constants in every call (1-3 for validation, 2-4 as servers use it for cookies), so the loops
 * unroll.
 */
static inline __attribute__((always_inline)) struct siphash_state
siphash_begin(const struct siphash_key *key)
{
	return (struct siphash_state){
		key->k0 ^ 0x736f6d6570736575ull, key->k1 ^ 0x646f72616e646f6dull,
		key->k0 ^ 0x6c7967656e657261ull, key->k1 ^ 0x7465646279746573ull,
	};
}

static inline __attribute__((always_inline)) void
siphash_take(struct siphash_state *s, uint64_t word, int c)
{
	s->v3 ^= word;
	for (int r = 0; r < c; r++)
		siphash_round(s);
	s->v0 ^= word;
}

static inline __attribute__((always_inline)) uint64_t
siphash_end(struct siphash_state *s, unsigned int n, int c, int d)
{
	siphash_take(s, (uint64_t)(8 * n & 0xff) << 56, c);
	s->v2 ^= 0xff;
	for (int r = 0; r < d; r++)
		siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* The 64-bit SipHash-c-d of n words under key. */
static inline __attribute__((always_inline)) uint64_t
siphash_words(const struct siphash_key *key, const uint64_t *w, unsigned int n, int c, int d)
{
	struct siphash_state s = siphash_begin(key);

	for (unsigned int i = 0; i < n; i++)
		siphash_take(&s, w[i], c);
	return siphash_end(&s, n, c, d);
}

#endif
