#include "send/sweep_export.h"

#include "state/shared.h"
#include "targets/targets.h"
#include "wire/tx_sweep.h"

_Static_assert(CONFIG_SOURCES_MAX <= TX_SWEEP_SOURCES_MAX, "tx_sweep.h");

static void export_sources(struct tx_sweep *out, const struct facts *f)
{
	out->source_key = f->source_key;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		out->n_sources[v6] = f->nsources[v6];
		for (unsigned int i = 0; i < f->nsources[v6]; i++)
			out->sources[v6][i] = f->sources[v6][i].addr;
	}
}

static void export_arms(struct tx_sweep *out, const struct facts *f)
{
	for (unsigned int arm = 0; arm < plan_arms(&f->plan); arm++) {
		enum probe_kind kind = plan_arm_kind(&f->plan, arm, false);

		out->arms[arm].kind = kind;
		for (unsigned int v6 = 0; v6 < 2; v6++)
			out->arms[arm].syn[v6] = craft_syn_template(&f->craft, v6,
								    probe_requests(kind));
	}
}

void sweep_export(struct tx_sweep *out, struct shared *s, unsigned int sender, double rate_pps)
{
	const struct facts *f = &s->facts;

	*out = (struct tx_sweep){
		.order = &f->order, .validator = &f->validator, .sender = sender,
		.n_senders = s->nsenders, .rate_pps = rate_pps,
		.window = &s->senders[sender].window, .head = s->senders[sender].done.end,
	};
	out->lookup = targets_flat(f->targets, &out->arrays);
	export_sources(out, f);
	export_arms(out, f);
}
