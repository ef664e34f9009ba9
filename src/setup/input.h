/*
 * input: what a run goes by that is said, not found out: its plan, its keys, its order. Nothing of
 * the machine counts.
 */
#ifndef TFOMAP_SETUP_INPUT_H
#define TFOMAP_SETUP_INPUT_H

struct checkpoint;
struct err;
struct facts;
struct run_facts;

/*
 * Fills plan, order, validator and source_key of *f, whose config and targets are there, and says
 * in *run what is needed to repeat it: key, seed, retries, targets. earlier: the run that is gone
 * on with, whose key and seed these are; NULL: it begins. 0, or -errno with a message.
 */
int input_init(struct facts *f, struct run_facts *run, const struct checkpoint *earlier,
	       struct err *e);

#endif
