#include "unit.h"

#include <arpa/inet.h>
#include <string.h>

#include "bytes.h"
#include "siphash.h"

/* The digest, first byte first, as the vectors are published: little-endian. */
static void put_le64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* Key 00 01 .. 0f; messages 00 01 .. of 0, 8, 16 .. 56 bytes. */
static const struct siphash_key vector_key = { 0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull };

/* The SipHash authors' reference vectors, those of whole words. */
static const char vectors_2_4[][9] = {
	"\x31\x0e\x0e\xdd\x47\xdb\x6f\x72", "\x62\x24\x93\x9a\x79\xf5\xf5\x93",
	"\xdb\x9b\xc2\x57\x7f\xcc\x2a\x3f", "\x94\xaf\x49\xf6\xc6\x50\xad\xb8",
	"\xce\x7c\xf2\x72\x2f\x51\x27\x71", "\xd0\xa7\x04\x53\x6b\xa9\x3e\x0e",
	"\x51\xa9\xcb\x9e\xcb\xa3\x12\xe6", "\xbd\x83\x8d\x3a\xaf\xbf\x8d\xb7",
};

/* The same for one and three rounds, from OpenSSL's SIPHASH MAC (c-rounds 1, d-rounds 3). */
static const char vectors_1_3[][9] = {
	"\xdc\xc4\x0f\x05\x58\x01\xac\xab", "\x8e\x9a\x29\x8d\x11\x95\x90\x36",
	"\x66\x8b\x90\x7d\x1a\xdd\x4f\xcc", "\x8c\x9c\x34\x67\xb2\xae\x64\xf4",
	"\x0d\xb6\xa7\x16\x6c\x7b\x15\x81", "\x31\x15\xe4\x99\x32\x36\xd2\xc1",
	"\x46\x4c\x07\xdf\xf8\x43\x31\x9f", "\x75\x6d\x3c\x24\xdb\xc0\xbc\xb4",
};

/* Words 0.._i - 1 of the message 0, 1, 2 .. 63, by both numbers of rounds. */
TEST_TIMES(matches_references, 8)
{
	uint8_t digest[8];
	uint64_t w[8];

	for (unsigned int i = 0; i < 8; i++)
		w[i] = 0x0706050403020100 + i * 0x0808080808080808;
	put_le64(digest, siphash_words(&vector_key, w, (unsigned int)_i, 2, 4));
	ck_assert_mem_eq(digest, vectors_2_4[_i], 8);
	put_le64(digest, siphash_words(&vector_key, w, (unsigned int)_i, 1, 3));
	ck_assert_mem_eq(digest, vectors_1_3[_i], 8);
}

/* The length is in the hash modulo 256: 32 words and 0 words end in the same length byte. */
TEST(distinguishes_lengths)
{
	uint64_t w[33] = { 0 }, seen[34];

	for (unsigned int n = 0; n <= 33; n++) {
		seen[n] = siphash_words(&vector_key, w, n, 2, 4);
		for (unsigned int i = 0; i < n; i++)
			ck_assert_uint_ne(seen[i], seen[n]);
	}
}

/*
 * Cookies that Linux servers gave. The key words are those of the sysctl
 * net.ipv4.tcp_fastopen_key, each little-endian in the key.
 */
static const struct {
	uint32_t key[4];
	const char *client, *server, *cookie;
} linux_cookies[] = {
	{ { 0 }, "192.0.2.1", "192.168.0.1", "\xb7\xc1\x23\x50\xa9\x0d\xc8\xf5" },
	{ { 0 }, "fd3d:fa7b:d17d::1", "fd3d:a0b:17d6::1", "\x82\xaf\x1a\x8f\x9a\x20\x5c\x34" },
	{ { 0 }, "10.248.0.2", "192.168.0.2", "\x93\xb7\xaa\x4f\x55\x0f\x8a\x1a" },
	{ { 0xa0bf63f7, 0xed803d81, 0xcd641d30, 0xcebc4a90 },
	  "10.248.0.2", "192.168.0.2", "\x00\xab\xaa\xab\xe8\xe9\x54\xc2" },
	{ { 0xa0bf63f7, 0xed803d81, 0xcd641d30, 0xcebc4a90 },
	  "10.248.0.3", "192.168.0.2", "\x13\x13\xa2\xda\x99\x4a\x09\x51" },
	{ { 0xa0bf63f7, 0xed803d81, 0xcd641d30, 0xcebc4a90 },
	  "10.248.0.3", "192.168.0.3", "\x76\xd2\xc1\xc5\x30\xf5\x1f\x79" },
};

TEST_EACH(gives_linux_cookies, linux_cookies)
{
	const uint32_t *k = row->key;
	struct siphash_key key = { k[0] | (uint64_t)k[1] << 32, k[2] | (uint64_t)k[3] << 32 };
	int v6 = strchr(row->client, ':') != NULL;
	int af = v6 ? AF_INET6 : AF_INET;
	unsigned int len = v6 ? 16 : 4;
	uint8_t message[32], digest[8];
	uint64_t w[4];

	ck_assert_int_eq(inet_pton(af, row->client, message), 1);
	ck_assert_int_eq(inet_pton(af, row->server, message + len), 1);
	for (unsigned int i = 0; i < 2 * len / 8; i++)
		w[i] = get_le64(message + 8 * i);
	put_le64(digest, siphash_words(&key, w, 2 * len / 8, 2, 4));
	ck_assert_mem_eq(digest, row->cookie, 8);
}
