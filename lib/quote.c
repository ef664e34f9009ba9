#include "quote.h"

#include <string.h>

#include "evidence.h"
#include "packet.h"

#define LEAST	8	/* bytes of data that show more than chance, or all */

enum locate_part quote_option(const struct packet_tcp *t, const struct flow *f)
{
	struct tcpopts o;
	bool same;

	if (!f->synkind)
		return LOCATE_UNKNOWN;
	tcpopt_parse(&o, t->opts, t->opts_len);
	same = o.tfo.kind == f->synkind && o.tfo.state != TFO_CUT
	       && flow_carries(f, o.tfo.cookie, o.tfo.len);
	if (same)
		return LOCATE_WHOLE;
	if (t->opts_cut || o.malformed)
		return LOCATE_UNKNOWN;
	return o.tfo.state == TFO_ABSENT ? LOCATE_GONE : LOCATE_CHANGED;
}

enum locate_part quote_data(const struct packet_tcp *t, const uint8_t *data, size_t len)
{
	size_t n = t->quoted_have < len ? t->quoted_have : len;
	bool whole_len = t->quoted_len == (int32_t)len;

	if (!len || t->quoted_len < 0)
		return LOCATE_UNKNOWN;
	if (t->quoted_len == 0)
		return LOCATE_GONE;
	if (n < len && (n < LEAST || !whole_len))
		return LOCATE_UNKNOWN;
	if (memcmp(t->quoted, data, n) == 0)
		return LOCATE_WHOLE;
	return whole_len ? LOCATE_CHANGED : LOCATE_UNKNOWN;
}
