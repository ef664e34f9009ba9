/* completion: the options as completions of bash, zsh and fish have them (conf/tfomap.*.in). */
#ifndef TFOMAP_COMPLETION_H
#define TFOMAP_COMPLETION_H

#include <stdio.h>

/*
 * Of each option its spellings and what its value can be, in words that all three read alike:
 * nothing for a flag; words, of which word:FILE is followed by the name of a file; or LIST, then
 * words that commas part. FILE, IFACE and USER alone are names of those. Other words in capitals
 * stand for what nobody can guess.
 */
void completion_bash(FILE *out);	/* elements of an array, by spelling */
void completion_zsh(FILE *out);		/* specifications for _arguments */
void completion_fish(FILE *out);	/* calls of complete */

#endif
