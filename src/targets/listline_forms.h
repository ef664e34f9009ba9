/* listline_forms: inside of listline: the forms that have a file of their own. */
#ifndef TFOMAP_LISTLINE_FORMS_H
#define TFOMAP_LISTLINE_FORMS_H

#include "targets/listline.h"

/* How tools call a target's address and port, in CSV headers and JSON keys; the first fits. */
struct listline_names {
	const char *ip, *port, *domain;		/* domain: NULL where there is none */
};

#define LISTLINE_NAMES	3
#define LISTLINE_PATHSPIDER	(&listline_names[0])	/* its other keys are the target's info */
#define LISTLINE_ROWS		(&listline_names[1])
extern const struct listline_names listline_names[LISTLINE_NAMES];

/* Whether a line is a CSV header that names the addresses' column; then its columns count. */
bool listline_is_header(struct listline *l, const char *text);

/* "address,port,domain" without a header, the last two may be empty; or by the header's columns. */
int listline_csv(struct listline *l, char *text, struct err *e);

/* Whether a line is JSON: an object, several, or a part of an array that goes over lines. */
bool listline_is_json(const char *text);
int listline_json(struct listline *l, char *text, struct err *e);

#endif
