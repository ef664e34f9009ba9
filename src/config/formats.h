/*
 * formats: which rows there are, and the formats that they are written in (formats.def); and what
 * engines are called that setup is to choose.
 */
#ifndef TFOMAP_FORMATS_H
#define TFOMAP_FORMATS_H

enum config_rows { ROWS_TARGET, ROWS_REPLY };
enum config_report { REPORT_SYNACK, REPORT_ANSWERED, REPORT_ALL };

enum config_format {
#define FORMAT(id, nests, doc) FORMAT_##id,
#include "config/formats.def"
	FORMAT_AUTO			/* text or csv: config_format() */
};

#define CONFIG_TX_AUTO		"auto"	/* word of --tx: setup chooses the engine */
#define CONFIG_RX_AUTO		"auto"	/* likewise of --rx */

#endif
