#include "hex.h"
#include "unit.h"

#include <string.h>

TEST(reads_bytes)
{
	static const struct {
		const char *text;
		char sep;
		size_t n;
		bool good;
	} cases[] = {
		{ "", 0, 0, true }, { "0aF9", 0, 2, true }, { "0A:f9", ':', 2, true },
		{ "0a", 0, 1, true }, { "0aF9", 0, 1, false }, { "0a", 0, 2, false },
		{ "0af", 0, 2, false }, { "g0", 0, 1, false }, { "0", 0, 1, false },
		{ "0a:f9", 0, 2, false }, { "0a:f9", '-', 2, false }, { "0af9", ':', 2, false },
		{ "0a:", ':', 2, false }, { "", 0, 1, false }, { "0a f9", 0, 2, false },
	};
	static const uint8_t want[2] = { 0x0a, 0xf9 };

	for (size_t i = 0; i < N_OF(cases); i++) {
		uint8_t got[2] = { 0, 0 };

		ck_assert_msg(hex_read(cases[i].text, cases[i].sep, got, cases[i].n)
			      == cases[i].good, "%s", cases[i].text);
		ck_assert(!cases[i].good || memcmp(got, want, cases[i].n) == 0);
	}
}
