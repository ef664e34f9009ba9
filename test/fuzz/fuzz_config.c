/*
 * Any bytes as a command line and a configuration file: words, one a line, and a NUL; then the
 * file. What was taken is printed as a configuration file, which must be read as the same.
 */
#include "config/config.h"
#include "config/config_parse.h"
#include "config/config_show.h"
#include "fuzz.h"

#define WORDS_MAX	32

static char program[] = "tfomap", print_config[] = "--print-config", file_is[] = "-C",
	    words_follow[] = "--";

struct words {
	char *text, *v[WORDS_MAX + 8];
	int n;
};

static void words_begin(struct words *w, struct fuzz_input in)
{
	char *rest, *word;

	*w = (struct words){ .text = fuzz_text(in.p, in.len), .v = { program }, .n = 1 };
	rest = in.len ? w->text : NULL;
	while (w->n < WORDS_MAX && (word = strsep(&rest, "\n")))
		w->v[w->n++] = word;
}

/* NULL: refused, with a message. Else the printed form, the caller's to free. */
static char *parse(struct config *c, int argc, char **argv)
{
	struct err e = { "" };
	int rc = config_parse(c, argc, argv, NULL, &e);
	char *text;
	size_t len;
	FILE *f;

	fuzz_must_say(rc, &e);
	if (rc)
		return NULL;
	f = open_memstream(&text, &len);
	MUST(f);
	config_print(c, f);
	fclose(f);
	MUST(strlen(text) == len);
	return text;
}

/* The same targets, with the options from the file. */
static void read_again(const struct config *c, const char *text)
{
	struct words w = { .v = { program, print_config, file_is }, .n = 3 };
	struct fuzz_file file;
	struct config again;
	char *same;

	fuzz_file_open(&file, text, strlen(text));
	w.v[w.n++] = file.path;
	w.v[w.n++] = words_follow;
	for (size_t i = 0; i < c->targets.n; i++)
		w.v[w.n++] = c->targets.words[i];
	same = parse(&again, w.n, w.v);
	if (!same || strcmp(text, same) != 0)
		fprintf(stderr, "printed first:\n%sand then:\n%s", text, same ? same : "nothing\n");
	MUST(same && strcmp(text, same) == 0);
	MUST(again.targets.n == c->targets.n);
	for (size_t i = 0; i < c->targets.n; i++)
		MUST(again.targets.words[i] == c->targets.words[i]);
	config_free(&again);
	free(same);
	fuzz_file_close(&file);
}

/* What options mean for others holds, whatever the order in which they came. */
static void check(const struct config *c)
{
	MUST(c->targets.n < WORDS_MAX + 1);
	MUST(c->targets.ports.n > 0 && c->targets.ports.n <= UINT16_MAX);
	for (uint32_t i = 0; i < c->targets.ports.n; i++)
		MUST(c->targets.ports.v[i] > (i ? c->targets.ports.v[i - 1] : 0));
	MUST(c->targets.shard < c->targets.shards);
	MUST(!c->targets.ipv4_only || !c->targets.ipv6_only);
	MUST(c->network.port_first > 0 && c->network.port_first <= c->network.port_last);
	MUST(c->network.nsources <= CONFIG_SOURCES_MAX);
	MUST(c->network.threads <= CONFIG_THREADS_MAX);
	MUST(c->network.vlan_id <= 4094);
	MUST(c->probing.retries >= CONFIG_RETRIES_AUTO && c->probing.retries <= 15);
	MUST(c->probing.timeout_ns > 0);
	MUST(c->rate.pps >= 0 && c->rate.bandwidth_bps >= 0);
	MUST(c->targets.max_share >= 0 && c->targets.max_share <= 1);
	MUST(c->records.verbosity >= 0 && c->records.verbosity <= LOG_DEBUG);
}

static bool prints_only(const struct config *c)
{
	return c->general.help || c->general.version || c->general.list_interfaces
	       || c->general.list_output_fields || c->general.list_probes
	       || c->general.list_verdicts;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = { data, len };
	struct fuzz_file file;
	struct config c;
	struct words w;
	char *text;

	/* A payload or a configuration may be read from any file: not from one that waits. */
	if (fuzz_has(data, len, "/dev/") || fuzz_has(data, len, "/proc/"))
		return 0;
	words_begin(&w, fuzz_part(&in, 0));
	fuzz_file_open(&file, in.p, in.len);
	if (in.len) {
		memmove(w.v + 3, w.v + 1, (size_t)w.n * sizeof(*w.v));
		w.v[1] = file_is;
		w.v[2] = file.path;
		w.n += 2;
	}
	text = parse(&c, w.n, w.v);
	if (text && !prints_only(&c)) {
		check(&c);
		/* A dry run changes what was said. */
		if (!c.general.dryrun || c.general.print_config)
			read_again(&c, text);
	}
	if (text)
		config_free(&c);
	free(text);
	fuzz_file_close(&file);
	free(w.text);
	return 0;
}
