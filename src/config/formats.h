/* formats: which rows there are, and the formats that they are written in (formats.def). */
#ifndef TFOMAP_FORMATS_H
#define TFOMAP_FORMATS_H

enum config_rows { ROWS_TARGET, ROWS_REPLY };

enum config_format {
#define FORMAT(id, nests, doc) FORMAT_##id,
#include "config/formats.def"
	FORMAT_AUTO			/* text or csv: config_format() */
};

#endif
