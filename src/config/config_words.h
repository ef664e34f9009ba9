/*
 * config_words: the words that options may have as values, each list with an end, and what help and
 * manual say of those that come from tables (engines.def, formats.def). For config_options.c.
 */
#ifndef TFOMAP_CONFIG_WORDS_H
#define TFOMAP_CONFIG_WORDS_H

#include "opttab.h"

extern const struct opttab_word tcp_options_words[], tx_words[], rx_words[], format_words[],
	rows_words[], report_words[], plan_words[], verdict_words[], probe_words[];
extern const char tx_help[], tx_man[], rx_help[], rx_man[], format_help[], format_man[];

#endif
