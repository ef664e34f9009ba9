/* json_text: JSON values (jansson) that metadata and rows have in common. Any thread. */
#ifndef TFOMAP_JSON_TEXT_H
#define TFOMAP_JSON_TEXT_H

#include <jansson.h>

/* Any bytes, as sound UTF-8; s NULL: null. A new reference; NULL: no memory. */
json_t *json_text(const char *s);

/*
 * Appends v, whose reference it takes. The list; NULL: no memory (for v or the list either), and
 * the list is gone.
 */
json_t *json_list_add(json_t *list, json_t *v);

#endif
