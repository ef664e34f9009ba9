/* slip: what a word on the command line that is no target was likely meant as. */
#ifndef TFOMAP_SLIP_H
#define TFOMAP_SLIP_H

#include <stdbool.h>

struct config;

#define SLIP_LEN 192

/*
 * Whether word, one of c->targets.words, is only the suffix of the number before it ("--rate 10
 * k"), which no resolver has to look up. out: a sentence without the word, for a message.
 */
bool slip_is_suffix(const struct config *c, const char *word, char out[static SLIP_LEN]);

/* Likewise, of a word that has turned out to be no target; false: no idea. */
bool slip_guess(const char *word, char out[static SLIP_LEN]);

#endif
