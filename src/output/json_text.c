#include "output/json_text.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

json_t *json_text(const char *s)
{
	size_t n = s ? strlen(s) : 0;
	char *clean;
	json_t *v;

	if (!s)
		return json_null();
	clean = malloc(UTF8_CLEAN_MAX(n) + 1);
	if (!clean)
		return NULL;
	v = json_stringn_nocheck(clean, utf8_clean(clean, s, n));
	free(clean);
	return v;
}

json_t *json_list_add(json_t *list, json_t *v)
{
	if (json_array_append_new(list, v) == 0)
		return list;
	json_decref(list);
	return NULL;
}
