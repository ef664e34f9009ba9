#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>

#include "loaded.h"
#include "targets/targets_hash.h"
#include "text.h"
#include "unit.h"

/* ---- a resolver that knows three names and asks nobody ---- */

static struct sockaddr_in fake_v4[2];
static struct sockaddr_in6 fake_v6;
static struct addrinfo fake[3];

int getaddrinfo(const char *restrict name, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
	ck_assert_ptr_null(service);
	ck_assert_int_eq(hints->ai_family, AF_UNSPEC);
	ck_assert_int_eq(hints->ai_socktype, SOCK_STREAM);
	if (strcmp(name, "both.example") != 0 && strcmp(name, "one.example") != 0 &&
	    strcmp(name, "xn--bcher-kva.example") != 0)
		return EAI_NONAME;
	for (int i = 0; i < 2; i++) {
		fake_v4[i] = (struct sockaddr_in){ .sin_family = AF_INET };
		fake_v4[i].sin_addr.s_addr = htonl(0xc6120001u + (uint32_t)i);
		fake[i] = (struct addrinfo){ .ai_family = AF_INET, .ai_next = &fake[i + 1],
					     .ai_addr = (struct sockaddr *)&fake_v4[i] };
	}
	fake_v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	addr_to_wire6((struct addr){ 0x2001000200000000ull, 1 }, fake_v6.sin6_addr.s6_addr);
	fake[2] = (struct addrinfo){ .ai_family = AF_INET6,
				     .ai_addr = (struct sockaddr *)&fake_v6 };
	if (strcmp(name, "one.example") == 0)
		fake[0].ai_next = NULL;
	*out = fake;
	return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
	ck_assert_ptr_eq(list, fake);
}

/* Loading fails with a message that has want in it. */
static void expect_error(const char *want)
{
	struct err e = { "" };

	ck_assert_int_lt(targets_load(&targets, &config, NULL, &e), 0);
	ck_assert_ptr_null(targets);
	ck_assert_msg(strstr(e.msg, want), "%s, want %s", e.msg, want);
}

static void expect_at(uint64_t i, const char *a, uint16_t port)
{
	struct target t = targets_at(targets, i);
	char got[ADDR_STRLEN];
	uint64_t back;

	addr_format(t.ip, got);
	ck_assert_str_eq(got, a);
	ck_assert_uint_eq(t.port, port);
	ck_assert(targets_index(targets, t.ip, t.port, &back));
	ck_assert_uint_eq(back, i);
}

/* ---- small sets, whole ---- */

enum { V4 = 1, V6 = 2, SPECIAL = 4 };	/* --ipv4, --ipv6, the compiled-in blocklist */

static const struct load_case {
	const char *words, *list, *allow, *block;	/* words: a blank between them */
	const char *want;	/* as describe() has it, or ! and a part of the message */
	uint16_t ports[2];	/* none: 443 */
	unsigned int flags;
} load_cases[] = {
	/* The order: prefixes and addresses, then lists' addresses, then pairs. */
	{ .words = "2001:2::/127 198.18.0.4/31 198.18.0.1", .ports = { 80, 443 },
	  .want = " 198.18.0.1:80 198.18.0.1:443 198.18.0.4:80 198.18.0.4:443 198.18.0.5:80"
		  " 198.18.0.5:443 [2001:2::]:80 [2001:2::]:443 [2001:2::1]:80 [2001:2::1]:443 |" },
	{ .words = "198.18.0.9 198.18.0.1:8080 [2001:2::1]:22 [2001:2::9]", .ports = { 80, 443 },
	  .list = "198.18.0.7\n198.18.0.1:22\n198.18.0.3\n198.18.0.9:81\n",
	  .want = "list 198.18.0.9:80 198.18.0.9:443 [2001:2::9]:80 [2001:2::9]:443 |"
		  " 198.18.0.3:80 198.18.0.3:443 198.18.0.7:80 198.18.0.7:443 198.18.0.1:22"
		  " 198.18.0.1:8080 198.18.0.9:81 [2001:2::1]:22" },

	/* Names; in their own script they are asked for as DNS has it, and so go into requests. */
	{ .words = "both.example one.example:8443",
	  .want = "list | 198.18.0.1:443=both.example 198.18.0.2:443=both.example"
		  " [2001:2::1]:443=both.example 198.18.0.1:8443=one.example" },
	{ .words = "b\xc3\xbc" "cher.example:80",
	  .want = "list | 198.18.0.1:80=b\xc3\xbc" "cher.example/xn--bcher-kva.example"
		  " 198.18.0.2:80=b\xc3\xbc" "cher.example/xn--bcher-kva.example"
		  " [2001:2::1]:80=b\xc3\xbc" "cher.example/xn--bcher-kva.example" },
	{ .words = "b\xfc" "cher.example", .want = "!b?cher.example: not a name in UTF-8: " },
	{ .words = "nobody.example",
	  .want = "!cannot resolve nobody.example: Name or service not known" },

	{ .words = "198.18.0.1 198.18.0.1/24", .want = "!198.18.0.1/24: host bits" },
	{ .words = "198.18.0.1 198.18.0.300", .want = "!198.18.0.300: not an IPv4 address" },
	{ .words = "198.18.0.1 10.1", .want = "!10.1: not an IPv4 address" },
	{ .words = "198.18.0.1 0x7f.1", .want = "!0x7f.1" },
	{ .words = "198.18.0.1:99999", .want = "!198.18.0.1:99999: the port" },
	{ .words = "one.example:", .want = "!one.example:: the port" },
	{ .words = "one.example:x", .want = "!one.example:x: the port" },
	{ .words = "one.example:0", .want = "!one.example:0: the port" },
	{ .words = "example.org/24", .want = "!example.org/24" },
	{ .words = "bad\thost", .want = "!bad?host" },

	/* An allowlist alone is a source; with a list it restricts; what is blocked wins. */
	{ .words = "198.18.0.9", .allow = "198.18.0.0/31 # two\n198.18.0.9\n",
	  .want = "merged 1 198.18.0.0:443 198.18.0.1:443 198.18.0.9:443 |" },
	{ .words = "198.18.0.0/30 198.18.7.7:80",
	  .allow = "198.18.0.2/31\n2001:2::/32\n198.18.9.0/24\n",
	  .list = "198.18.9.1\n198.18.8.1\n198.18.8.1:443\n[2001:2::5]:80\n[2001:3::5]:80\n",
	  .want = "merged 1 outside 5 198.18.0.2:443 198.18.0.3:443 | 198.18.9.1:443"
		  " [2001:2::5]:80" },
	{ .words = "198.18.0.0/30 1.1.1.0/30 1.1.1.1:80 1.1.2.1:80", .flags = SPECIAL,
	  .block = "1.1.1.1\n", .allow = "1.1.1.1\n198.18.0.1\n",
	  .want = "merged 2 blocked 6 1.1.1.0:443 1.1.1.2:443 1.1.1.3:443 | 1.1.2.1:80" },
	{ .words = "198.18.0.0/31 2001:2::/127", .block = "::/0\n",
	  .want = "blocked 2 198.18.0.0:443 198.18.0.1:443 |" },
	{ .words = "198.18.0.0/31 2001:2::/127", .block = "0.0.0.0/0\n",
	  .want = "blocked 2 [2001:2::]:443 [2001:2::1]:443 |" },

	/* However many there are of the other family, they are none of ours; each counts once. */
	{ .words = "2001:2::/32 198.18.0.0/30 [2001:2::1]:80", .flags = V4,
	  .allow = "198.18.0.2/31\n2001:2::/48\n::/0\n",
	  .want = "other_family 9223372036854775807 198.18.0.0:443 198.18.0.1:443"
		  " 198.18.0.2:443 198.18.0.3:443 |" },
	{ .words = "0.0.0.0/0 198.18.0.1:80 [2001:2::1]:80 2001:2::1", .flags = V6,
	  .list = "198.18.0.1:80\n198.18.0.1,80,a.example\n2001:2::2\n",
	  .want = "merged 2 other_family 4294967297 [2001:2::1]:443 | [2001:2::2]:443"
		  " [2001:2::1]:80" },
	{ .words = "198.18.0.0/30 198.18.0.1:80", .flags = V6,
	  .want = "!no target is left of 5: 5 IPv4 (--ipv6)" },
	{ .list = "198.18.0.1\n198.18.0.2\n2001:2::2\n", .allow = "198.18.0.1\n", .flags = V4,
	  .block = "198.18.0.1\n", .want = "!no target is left of 3: 1 IPv6 (--ipv4), 1 outside " },

	/* Why nothing is left. */
	{ .words = "198.18.0.0/16", .flags = SPECIAL,
	  .want = "!no target is left of 65536: 65536 blocked (198.18.0.0 is in 198.18.0.0/15, "
		  "benchmarking, RFC 2544); --no-default-blocklist" },
	{ .list = "[2001:2::7]:80\n", .flags = SPECIAL,
	  .want = "!no target is left of 1: 1 blocked (2001:2::7 is in 2001:2::/48, benchmarking, "
		  "RFC 5180); --no-default-blocklist" },
	{ .words = "198.18.0.0/31", .block = "198.18.0.0/24\n",
	  .want = "!2 blocked (198.18.0.0 is in /proc/self/fd/" },
	{ .list = "198.18.0.1\n198.18.9.1\n", .allow = "198.18.9.0/24\n", .block = "198.18.9.1\n",
	  .want = "!no target is left of 2: 1 outside /proc/self/fd/" },
	{ .list = "# nothing\n", .want = "!no target in it" },
	{ .allow = "", .want = "!no target in it" },

	/*
	 * Of several lines the first has the say, be it with a port, without, or in a prefix; also
	 * where it says nothing.
	 */
	{ .words = "198.18.0.0/30",
	  .list = "198.18.0.1,443,covered.example\n198.18.1.1,,host.example\n"
		  "198.18.1.1,443,later.example\n198.18.1.1,80,other.example\n"
		  "198.18.1.2,443,first.example\n198.18.1.2\n198.18.1.2,443,third.example\n"
		  "{\"dip\":\"198.18.1.3\",\"dp\":443,\"domain\":\"json.example\",\"rank\":1}\n"
		  "198.18.0.2\n198.18.0.2,443,late.example\n",
	  .want = "merged 6 198.18.0.0:443 198.18.0.1:443=covered.example 198.18.0.2:443"
		  " 198.18.0.3:443 | 198.18.1.1:443=host.example 198.18.1.2:443=first.example"
		  " 198.18.1.1:80=other.example 198.18.1.3:443=json.example{\"rank\":1}" },
};

static bool is_there(struct target t)
{
	for (uint64_t i = 0; i < counts->total; i++) {
		struct target other = targets_at(targets, i);

		if (addr_eq(other.ip, t.ip) && other.port == t.port)
			return true;
	}
	return false;
}

/* An index leads to a pair and back, and to a pair with another port only where that is there. */
static void check_index(uint64_t i)
{
	static const uint16_t others[] = { 0, 22, 80, 81, 443, 8080 };
	struct target t = targets_at(targets, i);
	uint64_t back;

	ck_assert(targets_index(targets, t.ip, t.port, &back) && back == i);
	for (size_t k = 0; k < N_OF(others); k++) {
		t.port = others[k];
		ck_assert_int_eq(targets_index(targets, t.ip, t.port, &back), is_there(t));
	}
}

static void describe_target(uint64_t i, struct text *out)
{
	struct target t = targets_at(targets, i);
	struct target_extra x;
	char ip[ADDR_STRLEN];

	check_index(i);
	addr_format(t.ip, ip);
	targets_extra(targets, i, &x);
	ck_assert(!x.domain[0] || targets_have_extra(targets));
	text_add(out, addr_is_v4(t.ip) ? " %s:%u" : " [%s]:%u", ip, t.port);
	if (x.domain[0])
		text_add(out, "=%s", x.domain);
	if (strcmp(x.wire, x.domain) != 0)
		text_add(out, "/%s", x.wire);
	text_add(out, "%s", x.info);
}

/*
 * "list" where all come from lists and words, what was left out, then all targets by index, with
 * what is said of them; | is where those of prefixes end.
 */
static void describe(struct text *out)
{
	const struct {
		const char *name;
		uint64_t n;
	} left_out[] = {
		{ "merged", counts->merged }, { "other_family", counts->other_family },
		{ "outside", counts->outside }, { "blocked", counts->blocked },
	};
	bool v4 = false, v6 = false;

	text_add(out, "%s", targets_is_list(targets) ? "list" : "");
	for (size_t k = 0; k < N_OF(left_out); k++)
		if (left_out[k].n)
			text_add(out, "%s%s %" PRIu64, out->len ? " " : "", left_out[k].name,
				 left_out[k].n);
	for (uint64_t i = 0; i <= counts->total; i++) {
		if (i == counts->from_prefixes)
			text_add(out, " |");
		if (i == counts->total)
			break;
		describe_target(i, out);
		v4 |= addr_is_v4(targets_at(targets, i).ip);
		v6 |= !addr_is_v4(targets_at(targets, i).ip);
	}
	ck_assert(targets_have_v4(targets) == v4 && targets_have_v6(targets) == v6);
}

TEST_AROUND(open_config, reset)

TEST_EACH(small_sets, load_cases)
{
	char given[256], got[1024], *save = NULL;
	struct text out;

	config.targets.no_default_blocklist = !(row->flags & SPECIAL);
	config.targets.ipv4_only = row->flags & V4;
	config.targets.ipv6_only = row->flags & V6;
	for (unsigned int k = 0; k < 2 && row->ports[k]; k++) {
		ports[k] = row->ports[k];
		config.targets.ports.n = k + 1;
	}
	snprintf(given, sizeof(given), "%s", row->words ? row->words : "");
	for (char *w = strtok_r(given, " ", &save); w; w = strtok_r(NULL, " ", &save))
		word(w);
	config.targets.list_file = row->list ? file(row->list) : NULL;
	config.targets.allowlist_file = row->allow ? file(row->allow) : NULL;
	config.targets.blocklist_file = row->block ? file(row->block) : NULL;
	if (row->want[0] == '!') {
		expect_error(row->want + 1);
		return;
	}
	load();
	text_init(&out, got, sizeof(got));
	describe(&out);
	ck_assert_str_eq(got, row->want);
}

/* ---- whether they are the same ---- */

static uint64_t hash_of(const char *list, uint16_t port)
{
	struct err e = { "" };
	uint64_t hash;

	reset();
	ports[0] = port;
	word("198.18.7.0/24");
	config.targets.list_file = file(list);
	ck_assert_msg(targets_load(&targets, &config, NULL, &e) == 0, "%s", e.msg);
	hash = targets_hash(targets);
	ck_assert_uint_eq(hash, targets_hash(targets));
	return hash;
}

TEST(differ_in_their_hash)
{
	static const char list[] = "198.18.0.1:80\n198.18.0.2,80,a.example\n";
	uint64_t hash = hash_of(list, 443);

	ck_assert_uint_eq(hash_of(list, 443), hash);
	ck_assert_uint_eq(hash_of("# one\n198.18.0.1:80\n\n198.18.0.2,80,a.example\n", 443), hash);
	ck_assert_uint_ne(hash_of(list, 444), hash);
	ck_assert_uint_ne(hash_of("198.18.0.1:80\n198.18.0.2,80,b.example\n", 443), hash);
	ck_assert_uint_ne(hash_of("198.18.0.1:80\n198.18.0.2,81,a.example\n", 443), hash);
	ck_assert_uint_ne(hash_of("198.18.0.3:80\n198.18.0.2,80,a.example\n", 443), hash);
	ck_assert_uint_ne(hash_of("198.18.0.2,80,a.example\n", 443), hash);
}

TEST(refuses_what_is_not_there)
{
	word("198.18.0.1");
	config.targets.list_file = "/nowhere/list";
	expect_error("--targets-file /nowhere/list: cannot be read: ");
	reset();
	word("198.18.0.1");
	word("");
	expect_error("the address is missing");
	reset();
	word("bad host");
	expect_error("bad host");
}

/* What a capture tells of: taken over, and sorted like a list. */
TEST(takes_over_what_was_found)
{
	struct targetlist found;

	targetlist_init(&found);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_int_eq(targetlist_add(&found, addr_from_v4(0xc6120002 - i / 2), 80,
						TARGETLIST_NO_ORIGIN, NULL), 0);
	load_found(&found);
	ck_assert_ptr_null(found.v);
	ck_assert_uint_eq(counts->total, 2);
	ck_assert_uint_eq(counts->merged, 1);
	expect_at(0, "198.18.0.1", 80);
	expect_at(1, "198.18.0.2", 80);
	ck_assert(targets_is_list(targets));
}

/* ---- large sets ---- */

TEST(reads_all_ports_of_all_of_ipv4)
{
	config.targets.ports.n = UINT16_MAX;
	for (uint32_t i = 0; i < config.targets.ports.n; i++)
		ports[i] = (uint16_t)(i + 1);
	word("0.0.0.0/0");
	load();
	ck_assert_uint_eq(counts->total, (1ull << 32) * 65535);
	expect_at(0, "0.0.0.0", 1);
	expect_at(counts->total - 1, "255.255.255.255", 65535);
	expect_at(65535ull * 0xc6120001u + 442, "198.18.0.1", 443);
	reset();
	config.targets.no_default_blocklist = false;
	word("0.0.0.0/0");
	load();
	ck_assert_uint_eq(counts->total, 3702257664u);
	ck_assert_uint_eq(counts->blocked, (1ull << 32) - 3702257664u);
	expect_at(0, "1.0.0.0", 443);
	expect_at(counts->total - 1, "223.255.255.255", 443);
}

/* N < 2^63. */
TEST(refuses_too_many)
{
	static const struct {
		const char *words[3];
		uint32_t n_ports;
		const char *error;	/* NULL: it fits */
		uint64_t total;
	} cases[] = {
		{ { "2001:2::/66" }, 1, NULL, 1ull << 62 },
		{ { "2001:2::/65" }, 1, "2001:2::/65 has more addresses", 0 },
		{ { "2001:2::/64" }, 1, "2001:2::/64 has more addresses", 0 },
		{ { "2001:2::/32" }, 1, "2001:2::/32 has more addresses", 0 },
		{ { "::/0" }, 1, "::/0 has more addresses", 0 },
		{ { "2001:2::/66", "2001:2:1::/66" }, 1,
		  "2^63 targets or more, 2001:2::/66 x 1 port the largest part", 0 },
		{ { "2001:2::/66", "2001:2:1::/67", "2001:2:2::/67" }, 1, "2^63 targets", 0 },
		{ { "2001:2::/66", "2001:2:1::/67", "2001:2:2::/68" }, 1, NULL, 7ull << 60 },
		{ { "2001:2::/67" }, 4, "2001:2::/67 has more addresses", 0 },
		{ { "2001:2::/67" }, 3, NULL, 3ull << 61 },
		{ { "2001:2::/81" }, 65535, NULL, 65535ull << 47 },
		{ { "2001:2::/80" }, 65535, "2001:2::/80 has more addresses", 0 },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		reset();
		config.targets.ports.n = cases[i].n_ports;
		for (uint32_t k = 0; k < config.targets.ports.n; k++)
			ports[k] = (uint16_t)(k + 1);
		for (size_t k = 0; k < 3 && cases[i].words[k]; k++)
			word(cases[i].words[k]);
		if (cases[i].error) {
			expect_error(cases[i].error);
			continue;
		}
		load();
		ck_assert_uint_eq(counts->total, cases[i].total);
	}
	reset();
	config.targets.allowlist_file = file("198.18.0.0/24\n2001:2::/48\n");
	expect_error(":2: 2001:2::/48 has more addresses");
	/* Adjacent prefixes make a range that is none. */
	reset();
	word("2001:2:0:0:8000::/66");
	word("2001:2:0:0:4000::/66");
	expect_error("2^63 targets or more, "
		     "2001:2:0:0:4000::-2001:2::bfff:ffff:ffff:ffff x 1 port the");
}
