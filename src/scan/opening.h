/* opening: the network side of a run: send engines, receive source, gateways, RST filter. */
#ifndef TFOMAP_OPENING_H
#define TFOMAP_OPENING_H

struct err;
struct scan;

/*
 * Opens what sc->setup says, or, where that was chosen for its speed and does not run here, the
 * next best. 0, or -errno with a message; what is in *sc by then is to be closed in any case. Main
 * thread; another one has ended when it returns.
 */
int opening_network(struct scan *sc, struct err *e);

#endif
