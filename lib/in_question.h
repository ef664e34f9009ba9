/* in_question: which probe of a target plan locate follows on its way, by the target's verdict. */
#ifndef TFOMAP_IN_QUESTION_H
#define TFOMAP_IN_QUESTION_H

#include "evidence.h"
#include "locate.h"

struct in_question {
	const struct flow *flow;	/* what the feature probes carry; its port is theirs */
	uint8_t attempt;		/* of which it is: the one answered, else the last */
	enum locate_goal goal;
	uint8_t answer_ttl;		/* of a SYN/ACK to a plain SYN */
};

/* False: the verdict asks for none, or nothing shows that a plain SYN is answered. */
bool in_question_find(const struct evidence *ev, struct in_question *q);

#endif
