#include "tfo.h"

#include <string.h>

#include "bytes.h"

#define EXID_LEN 2

static bool is_experimental(uint8_t kind)
{
	return kind == TFO_KIND_EXP || kind == TFO_KIND_EXP1;
}

static enum tfo_state state_of(size_t len, bool cut)
{
	if (cut)
		return TFO_CUT;
	if (len == 0)
		return TFO_EMPTY;
	return tfo_cookie_len_ok(len) ? TFO_COOKIE : TFO_ODD;
}

bool tfo_read(uint8_t kind, const uint8_t *body, size_t n, bool cut, struct tfo_option *out)
{
	if (is_experimental(kind)) {
		/* Other experiments share these kinds (RFC 6994): no magic number, not ours. */
		if (n < EXID_LEN || get_be16(body) != TFO_EXID)
			return false;
		body += EXID_LEN;
		n -= EXID_LEN;
	} else if (kind != TFO_KIND) {
		return false;
	}
	if (n > TFO_RAW_MAX)
		n = TFO_RAW_MAX;
	memset(out, 0, sizeof(*out));
	out->state = (uint8_t)state_of(n, cut);
	out->kind = kind;
	out->len = (uint8_t)n;
	if (n)
		memcpy(out->cookie, body, n);
	return true;
}

size_t tfo_write(uint8_t kind, const uint8_t *cookie, size_t len,
		 uint8_t out[static TFO_OPTION_MAX])
{
	size_t head = 2;

	out[0] = kind;
	if (kind == TFO_KIND_EXP) {
		put_be16(out + head, TFO_EXID);
		head += EXID_LEN;
	}
	out[1] = (uint8_t)(head + len);
	if (len)
		memcpy(out + head, cookie, len);
	return head + len;
}
