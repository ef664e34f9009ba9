#include "outcome.h"

/* A request that gave a cookie: what one after it does not give takes nothing from it. */
static bool is_given(const struct flow *f)
{
	return f && probe_requests((enum probe_kind)f->kind) && evidence_gives(f);
}

void outcome_gather(struct outcomes *o, const struct evidence *ev)
{
	*o = (struct outcomes){ .came = 0 };
	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];

		o->latest[f->kind] = f;
		if (!is_given(o->flow[f->kind]) || evidence_gives(f))
			o->flow[f->kind] = f;
		if (!o->n[f->kind])
			o->first[f->kind] = f;
		o->n[f->kind]++;
		if (probe_requests((enum probe_kind)f->kind))
			o->requests |= 1u << f->kind;
		o->stripped |= f->stripped;
		o->came |= (uint8_t)(1u << f->reply.class);
	}
}

/* The newest flow of the first of these kinds, which goes from them. */
static const struct flow *next_of(const struct outcomes *o, uint32_t *kinds)
{
	const struct flow *f = o->flow[__builtin_ctz(*kinds)];

	*kinds &= *kinds - 1;
	return f;
}

bool outcome_gave_cookie(const struct outcomes *o)
{
	for (uint32_t kinds = o->requests; kinds;)
		if (evidence_gives(next_of(o, &kinds)))
			return true;
	return false;
}

bool outcome_gave_odd(const struct outcomes *o)
{
	for (uint32_t kinds = o->requests; kinds;) {
		const struct flow *f = next_of(o, &kinds);

		if (flow_has_option(f) && !evidence_gives(f))
			return true;
	}
	return false;
}

/* What came of it shows that somebody on the way ended it, or that nothing came through. */
static bool is_cut(const struct course *c)
{
	return (c->end == COURSE_RESET && c->goes_on)
	       || (c->end == COURSE_SILENT && c->synacks && !c->ack_came);
}

/* Its twin was not reset, so this one was not by its server. */
static bool is_reset_early(const struct course *c, const struct course *twin)
{
	return c->end == COURSE_RESET && twin->end != COURSE_RESET
	       && c->response_len < twin->response_len;
}

/* Nothing came, not even out of order; nor the server's own RST. */
static bool is_mute(const struct course *c)
{
	return c->end != COURSE_RESET && !c->response_len && !c->gap;
}

bool outcome_stalled(const struct outcomes *o)
{
	const struct flow *data = o->flow[PROBE_DATA], *twin = o->flow[PROBE_TWIN];

	if (!data || !twin || data->course.end == COURSE_NONE || !twin->course.response_len
	    || is_cut(&twin->course))
		return false;
	return is_cut(&data->course) || is_mute(&data->course)
	       || is_reset_early(&data->course, &twin->course);
}
