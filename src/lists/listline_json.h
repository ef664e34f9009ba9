/* listline_json: lines of JSON: an object each, or arrays of them, that may go over lines. */
#ifndef TFOMAP_LISTLINE_JSON_H
#define TFOMAP_LISTLINE_JSON_H

#include <stdbool.h>

struct err;
struct listline;

/* Whether a line is JSON: an object, several, or a part of an array that goes over lines. */
bool listline_is_json(const char *text);
int listline_json(struct listline *l, char *text, struct err *e);

#endif
