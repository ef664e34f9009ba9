#include "digits.h"

bool digits_read(const char **s, uint64_t *out)
{
	bool fits = true;
	uint64_t v = 0;

	for (; is_digit(**s); ++*s) {
		fits = fits && !__builtin_mul_overflow(v, 10, &v)
		       && !__builtin_add_overflow(v, (uint64_t)(**s - '0'), &v);
	}
	*out = fits ? v : UINT64_MAX;
	return fits;
}
