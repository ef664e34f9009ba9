/*
 * Any bytes as a server list: text, CSV, JSON, what scanners write. The first byte of the input is
 * targets_rig.h's, the rest the file. What was read is written as a list of JSON lines, which must
 * be read as the same targets with the same domains and info.
 */
#include <jansson.h>

#include "lists/hostname.h"
#include "targets_rig.h"

static void check_extra(const struct target_extra *x)
{
	json_t *info = x->info[0] ? json_loads(x->info, 0, NULL) : NULL;

	MUST(strlen(x->domain) <= HOSTNAME_LEN_MAX && strlen(x->wire) <= HOSTNAME_LEN_MAX);
	MUST(!x->domain[0] == !x->wire[0]);
	for (const char *s = x->wire; *s; s++)
		MUST((unsigned char)*s > 0x20 && (unsigned char)*s < 0x7f);
	MUST(!x->info[0] || json_is_object(info));
	MUST(!strpbrk(x->info, "\t\n"));
	json_decref(info);
}

static void write_target(FILE *f, const struct targets *t, uint64_t i)
{
	const struct target at = targets_at(t, i);
	struct target_extra x;
	char ip[ADDR_STRLEN];

	targets_extra(t, i, &x);
	check_extra(&x);
	addr_format(at.ip, ip);
	fprintf(f, "{\"ip\":\"%s\",\"port\":%u,\"domain\":\"%s\",\"info\":%s}\n", ip, at.port,
		x.domain, x.info[0] ? x.info : "{}");
}

static void check_same(const struct targets *t, const struct targets *again)
{
	MUST(targets_counts(again)->total == targets_counts(t)->total);
	MUST(targets_counts(again)->merged == 0);
	for (uint64_t i = 0; i < targets_counts(t)->total; i++) {
		const struct target at = targets_at(t, i);
		struct target_extra x, y;
		uint64_t k;

		MUST(targets_index(again, at.ip, at.port, &k));
		targets_extra(t, i, &x);
		targets_extra(again, k, &y);
		MUST(strcmp(x.domain, y.domain) == 0 && strcmp(x.wire, y.wire) == 0);
		MUST(strcmp(x.info, y.info) == 0);
	}
}

static void read_again(const struct targets *t)
{
	struct config c = rig_config(0);
	struct targets *again;
	struct fuzz_file file;
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	MUST(f);
	for (uint64_t i = 0; i < targets_counts(t)->total; i++)
		write_target(f, t, i);
	fclose(f);
	fuzz_file_open(&file, text, len);
	c.targets.list_file = file.path;
	again = rig_load(&c);
	MUST(again);
	check_same(t, again);
	targets_free(again);
	fuzz_file_close(&file);
	free(text);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_quiet();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = { data, len };
	struct config c = rig_config(fuzz_byte(&in));
	struct fuzz_file file;
	struct targets *t;

	fuzz_file_open(&file, in.p, in.len);
	c.targets.list_file = file.path;
	t = rig_load(&c);
	if (t && targets_counts(t)->total <= RIG_TARGETS_MAX)
		read_again(t);
	targets_free(t);
	fuzz_file_close(&file);
	return 0;
}
