#include "targets/targets_hash.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "siphash.h"
#include "targets/targets.h"

#define CHUNK_LEN	65536

struct hashing {
	struct siphash_state state;
	unsigned int words;
};

static void take(struct hashing *h, uint64_t word)
{
	siphash_take(&h->state, word, 2);
	h->words++;
}

static void take_addr(struct hashing *h, struct addr a)
{
	take(h, a.hi);
	take(h, a.lo);
}

/* With zero bytes to a whole word; then how many there were. */
static void take_bytes(struct hashing *h, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t at = 0; at < len; at += 8) {
		uint8_t word[8] = { 0 };

		memcpy(word, p + at, len - at < 8 ? len - at : 8);
		take(h, get_le64(word));
	}
	take(h, len);
}

/* What lines and names say beside an address goes into requests and rows. */
static void take_beside(struct hashing *h, const struct targetlist *l)
{
	static char chunk[CHUNK_LEN];
	off_t at = 0;
	ssize_t n;

	while (l->beside && (n = pread(fileno(l->beside), chunk, sizeof(chunk), at)) > 0) {
		take_bytes(h, chunk, (size_t)n);
		at += n;
	}
	for (size_t i = 0; i < l->n_names; i++)
		take_bytes(h, l->names[i], strlen(l->names[i]));
}

uint64_t targets_hash(const struct targets *t)
{
	const struct siphash_key zero = { 0, 0 };
	struct hashing h = { .state = siphash_begin(&zero) };

	take(&h, t->set.n);
	for (size_t i = 0; i < t->set.n; i++) {
		take_addr(&h, t->set.v[i].first);
		take_addr(&h, t->set.v[i].last);
	}
	take(&h, t->n_ports);
	for (uint32_t i = 0; i < t->n_ports; i++)
		take(&h, t->ports[i]);
	take(&h, t->list.n);
	for (size_t i = 0; i < t->list.n; i++) {
		take_addr(&h, t->list.v[i].ip);
		take(&h, targetlist_port(&t->list.v[i]));
	}
	take_beside(&h, &t->list);
	return siphash_end(&h.state, h.words, 2, 4);
}
