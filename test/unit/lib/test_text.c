#include <stdint.h>
#include <string.h>

#include "text.h"
#include "unit.h"

TEST(grows)
{
	char out[16];
	struct text t;

	text_init(&t, out, sizeof(out));
	ck_assert_str_eq(out, "");
	text_add(&t, "%s-%d", "ab", 12);
	text_add_bytes(&t, "xyz", 2);
	text_add(&t, "!");
	ck_assert_str_eq(out, "ab-12xy!");
	ck_assert_uint_eq(t.len, 8);
}

/* Whatever the size, the text is the uncut one's beginning, with its NUL inside. */
TEST(cuts)
{
	static const char whole[] = "0123456789abcdefghij";

	for (size_t cap = 0; cap <= sizeof(whole); cap++) {
		char out[sizeof(whole) + 1];
		size_t fits = cap ? cap - 1 : 0;
		struct text t;

		memset(out, '#', sizeof(out));
		text_init(&t, cap ? out : NULL, cap);
		text_add(&t, "%s", "01234");
		text_add_bytes(&t, "56789", 5);
		text_add(&t, "%s", "abcde");
		text_add_bytes(&t, "fghij", 5);
		ck_assert_uint_eq(t.len, sizeof(whole) - 1);
		ck_assert(memcmp(out, whole, fits < 20 ? fits : 20) == 0);
		if (cap)
			ck_assert_uint_eq(strnlen(out, cap), fits < 20 ? fits : 20);
		for (size_t i = cap; i < sizeof(out); i++)
			ck_assert_int_eq(out[i], '#');
	}
}
