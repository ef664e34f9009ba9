#include "output/rows_read.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "err.h"
#include "lists/listline_csv.h"
#include "output/result_fields.h"
#include "siphash.h"

#define HASHED_LEN	4096	/* bytes; a multiple of 8 */

/* Fields that are looked at. */
enum { FIELD_IP, FIELD_PORT, FIELD_VERDICT, FIELDS };

static const char *const field_names[FIELDS] = { "ip", "port", "verdict" };

static size_t find_field(const struct result_selection *fields, const char *name)
{
	size_t i = 0;

	while (i < fields->n && strcmp(result_fields[fields->v[i]].name, name) != 0)
		i++;
	return i;
}

int rows_check(const struct result_selection *fields, struct err *e)
{
	for (unsigned int i = FIELD_IP; i <= FIELD_PORT; i++)
		if (find_field(fields, field_names[i]) == fields->n)
			return err_set(e, EINVAL, "--checkpoint: rows without %s (-f) do not say "
				       "which targets are done; add it", field_names[i]);
	return 0;
}

static bool read_values(struct rows_row *row, const char *const f[static FIELDS])
{
	row->verdict = VERDICTS;
	for (unsigned int i = 0; i < VERDICTS && f[FIELD_VERDICT]; i++)
		if (strcmp(f[FIELD_VERDICT], verdict_types[i].name) == 0)
			row->verdict = i;
	return f[FIELD_IP] && f[FIELD_PORT] && addr_parse(&row->ip, f[FIELD_IP]) == 0
	       && addr_parse_port(f[FIELD_PORT], &row->port);
}

static bool read_csv(struct rows_row *row, const struct result_selection *fields, char *line)
{
	const char *f[FIELDS] = { NULL };
	char *rest = line;
	size_t n;

	for (n = 0; rest; n++) {
		const char *text = listline_next_field(&rest);

		if (!text || n == fields->n)
			return false;
		for (unsigned int i = 0; i < FIELDS; i++)
			if (strcmp(result_fields[fields->v[n]].name, field_names[i]) == 0)
				f[i] = text;
	}
	return n == fields->n && read_values(row, f);
}

static bool read_ndjson(struct rows_row *row, const char *line)
{
	json_t *value = json_loads(line, 0, NULL);
	char port[21];
	const char *f[FIELDS] = {
		json_string_value(json_object_get(value, "ip")), port,
		json_string_value(json_object_get(value, "verdict")),
	};
	bool is_row;

	snprintf(port, sizeof(port), "%" JSON_INTEGER_FORMAT,
		 json_integer_value(json_object_get(value, "port")));
	is_row = read_values(row, f);
	json_decref(value);
	return is_row;
}

/* The line with its end, which is cut off; false: that is missing, or it has a NUL. */
static bool is_whole(char *line, size_t len)
{
	if (!len || line[len - 1] != '\n' || strlen(line) != len)
		return false;
	line[len - 1] = '\0';
	return true;
}

static int read_lines(FILE *f, const struct rows_form *form, struct rows_row *row,
		      uint64_t sound_len, rows_read_fn *take, void *arg, struct err *e)
{
	const bool has_header = form->header && form->format == FORMAT_csv;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int rc = 0;

	while (!rc && (len = getline(&line, &cap, f)) > 0) {
		bool whole = is_whole(line, (size_t)len), header = has_header && row->at == 0;

		if (whole && !header)
			whole = form->format == FORMAT_csv ? read_csv(row, form->fields, line)
				: read_ndjson(row, line);
		if (!whole && row->at >= sound_len)
			break;		/* torn as the run ended */
		if (!whole)
			rc = err_set(e, EINVAL, "what is at byte %" PRIu64 " is no row", row->at);
		else if (!header)
			rc = take(arg, row, e);
		row->at += rc ? 0 : (uint64_t)len;
	}
	if (!rc && ferror(f))
		rc = err_set(e, errno, "%s", strerror(errno));
	free(line);
	return rc;
}

int rows_read(const char *path, const struct rows_form *form, uint64_t from, uint64_t sound_len,
	      rows_read_fn *take, void *arg, uint64_t *end, struct err *e)
{
	struct rows_row row = { .at = from };
	FILE *f = fopen(path, "re");
	struct stat st;
	int rc;

	if (!f || fstat(fileno(f), &st) || fseeko(f, (off_t)from, SEEK_SET))
		rc = err_set(e, errno, "%s", strerror(errno));
	else if ((uint64_t)st.st_size < sound_len)
		rc = err_set(e, EINVAL, "rows are missing: it has %lld bytes, the checkpoint "
			     "counts on %" PRIu64, (long long)st.st_size, sound_len);
	else
		rc = read_lines(f, form, &row, sound_len, take, arg, e);
	*end = row.at;
	if (f)
		fclose(f);
	return rc;
}

int rows_hash_end(int fd, uint64_t len, uint64_t *hash)
{
	const struct siphash_key zero = { 0, 0 };
	struct siphash_state state = siphash_begin(&zero);
	uint8_t bytes[HASHED_LEN] = { 0 };
	size_t n = len < sizeof(bytes) ? len : sizeof(bytes);
	ssize_t got;

	*hash = 0;
	if (!len)
		return 0;
	got = pread(fd, bytes, n, (off_t)(len - n));
	if (got != (ssize_t)n)
		return got < 0 ? -errno : -ENODATA;
	for (size_t at = 0; at < n; at += 8)
		siphash_take(&state, get_le64(bytes + at), 2);
	*hash = siphash_end(&state, (unsigned int)(n + 7) / 8, 2, 4);
	return 0;
}
