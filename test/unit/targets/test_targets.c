#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>

#include "loaded.h"
#include "unit.h"

#define N_OF(x) (sizeof(x) / sizeof((x)[0]))

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
static void expect_error(int err, const char *want)
{
	struct err e = { "" };

	ck_assert_int_eq(targets_load(&targets, &config, NULL, &e), err);
	ck_assert_ptr_null(targets);
	ck_assert_msg(strstr(e.msg, want), "%s, want %s", e.msg, want);
}

static struct addr ip(const char *s)
{
	struct addr a;

	ck_assert_msg(addr_parse(&a, s) == 0, "%s", s);
	return a;
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

static void expect_not(const char *a, uint16_t port)
{
	uint64_t i;

	ck_assert_msg(!targets_index(targets, ip(a), port, &i), "%s:%u", a, port);
}

static void expect_extra(uint64_t i, const char *domain, const char *info)
{
	struct target_extra x;

	targets_extra(targets, i, &x);
	ck_assert_str_eq(x.domain, domain);
	ck_assert_str_eq(x.info, info);
}

/* ---- what can be named, and in what order ---- */

/* A name in its own script is asked for as DNS has it; and so it goes into requests. */
START_TEST(names_in_their_own_script)
{
	struct target_extra x;

	word("b\xc3\xbc" "cher.example:80");
	load();
	ck_assert_uint_eq(counts->total, 3);
	targets_extra(targets, 0, &x);
	ck_assert_str_eq(x.domain, "b\xc3\xbc" "cher.example");
	ck_assert_str_eq(x.wire, "xn--bcher-kva.example");
	reset();
	word("b\xfc" "cher.example");
	expect_error(-EINVAL, "b?cher.example: not a name in UTF-8: ");
}
END_TEST

START_TEST(orders_prefixes_by_address)
{
	ports[0] = 80;
	ports[1] = 443;
	config.targets.ports.n = 2;
	word("2001:2::/127");
	word("198.18.0.4/31");
	word("198.18.0.1");
	load();
	ck_assert_uint_eq(counts->total, 10);
	ck_assert_uint_eq(counts->from_prefixes, 10);
	expect_at(0, "198.18.0.1", 80);
	expect_at(1, "198.18.0.1", 443);
	expect_at(2, "198.18.0.4", 80);
	expect_at(5, "198.18.0.5", 443);
	expect_at(6, "2001:2::", 80);
	expect_at(9, "2001:2::1", 443);
	expect_not("198.18.0.1", 81);
	expect_not("198.18.0.1", 0);
	expect_not("198.18.0.2", 80);
	ck_assert(targets_have_v4(targets) && targets_have_v6(targets));
	ck_assert(!targets_have_extra(targets) && !targets_is_list(targets));
}
END_TEST

START_TEST(orders_the_three_parts)
{
	ports[0] = 80;
	ports[1] = 443;
	config.targets.ports.n = 2;
	word("198.18.0.9");
	word("198.18.0.1:8080");
	word("[2001:2::1]:22");
	word("[2001:2::9]");
	config.targets.list_file = file("198.18.0.7\n198.18.0.1:22\n198.18.0.3\n198.18.0.9:81\n");
	load();
	ck_assert_uint_eq(counts->from_prefixes, 4);
	ck_assert_uint_eq(counts->from_list, 8);
	expect_at(0, "198.18.0.9", 80);
	expect_at(3, "2001:2::9", 443);
	expect_at(4, "198.18.0.3", 80);
	expect_at(5, "198.18.0.3", 443);
	expect_at(6, "198.18.0.7", 80);
	expect_at(8, "198.18.0.1", 22);
	expect_at(9, "198.18.0.1", 8080);
	expect_at(10, "198.18.0.9", 81);
	expect_at(11, "2001:2::1", 22);
	expect_not("198.18.0.3", 0);
	expect_not("198.18.0.3", 22);
	expect_not("2001:2::1", 80);
	ck_assert(targets_is_list(targets));
}
END_TEST

START_TEST(resolves_names)
{
	word("both.example");
	word("one.example:8443");
	load();
	ck_assert_uint_eq(counts->total, 4);
	expect_at(0, "198.18.0.1", 443);
	expect_extra(0, "both.example", "");
	expect_at(1, "198.18.0.2", 443);
	expect_extra(1, "both.example", "");
	expect_at(2, "2001:2::1", 443);
	expect_extra(2, "both.example", "");
	expect_at(3, "198.18.0.1", 8443);
	expect_extra(3, "one.example", "");
	ck_assert(targets_have_extra(targets) && targets_is_list(targets));
}
END_TEST

START_TEST(refuses_bad_words)
{
	static const char *const bad[][2] = {
		{ "198.18.0.1/24", "198.18.0.1/24: host bits" },
		{ "198.18.0.300", "198.18.0.300: not an IPv4 address" },
		{ "10.1", "10.1: not an IPv4 address" },
		{ "0x7f.1", "0x7f.1" },
		{ "198.18.0.1:99999", "198.18.0.1:99999: the port" },
		{ "one.example:", "one.example:: the port" },
		{ "one.example:x", "one.example:x: the port" },
		{ "one.example:0", "one.example:0: the port" },
		{ "example.org/24", "example.org/24" },
		{ "bad host", "bad host" },
		{ "", "" },
	};

	for (size_t i = 0; i < N_OF(bad); i++) {
		reset();
		word("198.18.0.1");
		word(bad[i][0]);
		expect_error(-EINVAL, bad[i][1]);
	}
	reset();
	word("nobody.example");
	expect_error(-ENOENT, "cannot resolve nobody.example: Name or service not known");
}
END_TEST

/* What a capture tells of: taken over, and sorted like a list. */
START_TEST(takes_over_what_was_found)
{
	struct targetlist found;

	targetlist_init(&found);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(targetlist_add(&found, ip("198.18.0.2"), 80,
						TARGETLIST_NO_ORIGIN, NULL), 0);
	ck_assert_int_eq(targetlist_add(&found, ip("198.18.0.1"), 81, TARGETLIST_NO_ORIGIN, NULL),
			 0);
	load_found(&found);
	ck_assert_ptr_null(found.v);
	ck_assert_uint_eq(counts->total, 2);
	ck_assert_uint_eq(counts->merged, 1);
	expect_at(0, "198.18.0.1", 81);
	expect_at(1, "198.18.0.2", 80);
	ck_assert(targets_is_list(targets));
}
END_TEST

START_TEST(reads_all_ports_of_all_of_ipv4)
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
END_TEST

/* N < 2^63. */
START_TEST(refuses_too_many)
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
			expect_error(-EINVAL, cases[i].error);
			continue;
		}
		load();
		ck_assert_uint_eq(counts->total, cases[i].total);
	}
	reset();
	config.targets.allowlist_file = file("198.18.0.0/24\n2001:2::/48\n");
	expect_error(-EINVAL, ":2: 2001:2::/48 has more addresses");
	/* Adjacent prefixes make a range that is none. */
	reset();
	word("2001:2:0:0:8000::/66");
	word("2001:2:0:0:4000::/66");
	expect_error(-EINVAL, "2^63 targets or more, "
		     "2001:2:0:0:4000::-2001:2::bfff:ffff:ffff:ffff x 1 port the");
}
END_TEST

/* ---- allow and block ---- */

START_TEST(allowlist_alone_is_a_source)
{
	word("198.18.0.9");
	config.targets.allowlist_file = file("198.18.0.0/31 # two\n198.18.0.9\n");
	load();
	ck_assert_uint_eq(counts->total, 3);
	ck_assert_uint_eq(counts->merged, 1);
	ck_assert_uint_eq(counts->outside, 0);
	expect_at(2, "198.18.0.9", 443);
	ck_assert(!targets_is_list(targets));
}
END_TEST

START_TEST(allowlist_restricts_a_list)
{
	word("198.18.0.0/30");
	word("198.18.7.7:80");
	config.targets.allowlist_file = file("198.18.0.2/31\n2001:2::/32\n198.18.9.0/24\n");
	config.targets.list_file = file("198.18.9.1\n198.18.8.1\n198.18.8.1:443\n[2001:2::5]:80\n"
				   "[2001:3::5]:80\n");
	load();
	ck_assert_uint_eq(counts->from_prefixes, 2);
	ck_assert_uint_eq(counts->from_list, 2);
	/* 198.18.0.0, 198.18.0.1, 198.18.7.7, 198.18.8.1, 2001:3::5 */
	ck_assert_uint_eq(counts->outside, 5);
	ck_assert_uint_eq(counts->merged, 1);
	expect_at(0, "198.18.0.2", 443);
	expect_at(2, "198.18.9.1", 443);
	expect_at(3, "2001:2::5", 80);
	expect_not("198.18.8.1", 443);
}
END_TEST

START_TEST(blocked_wins)
{
	config.targets.no_default_blocklist = false;
	word("198.18.0.0/30");
	word("1.1.1.0/30");
	word("1.1.1.1:80");
	word("1.1.2.1:80");
	config.targets.blocklist_file = file("1.1.1.1\n");
	config.targets.allowlist_file = file("1.1.1.1\n198.18.0.1\n");
	load();
	ck_assert_uint_eq(counts->total, 4);
	ck_assert_uint_eq(counts->blocked, 4 + 1 + 1);
	ck_assert_uint_eq(counts->merged, 2);
	expect_at(0, "1.1.1.0", 443);
	expect_at(1, "1.1.1.2", 443);
	expect_at(3, "1.1.2.1", 80);
	expect_not("1.1.1.1", 443);
	expect_not("1.1.1.1", 80);
	expect_not("198.18.0.1", 443);
}
END_TEST

START_TEST(families_are_blocked_apart)
{
	word("198.18.0.0/31");
	word("2001:2::/127");
	config.targets.blocklist_file = file("::/0\n");
	load();
	ck_assert_uint_eq(counts->total, 2);
	ck_assert(targets_have_v4(targets) && !targets_have_v6(targets));
	reset();
	word("198.18.0.0/31");
	word("2001:2::/127");
	config.targets.blocklist_file = file("0.0.0.0/0\n");
	load();
	ck_assert_uint_eq(counts->total, 2);
	ck_assert(!targets_have_v4(targets) && targets_have_v6(targets));
}
END_TEST

START_TEST(says_why_nothing_is_left)
{
	config.targets.no_default_blocklist = false;
	word("198.18.0.0/16");
	expect_error(-EINVAL, "no target is left of 65536: 65536 blocked (198.18.0.0 is in "
		     "198.18.0.0/15, benchmarking, RFC 2544); --no-default-blocklist");
	reset();
	config.targets.no_default_blocklist = false;
	config.targets.list_file = file("[2001:2::7]:80\n");
	expect_error(-EINVAL, "no target is left of 1: 1 blocked (2001:2::7 is in 2001:2::/48, "
		     "benchmarking, RFC 5180); --no-default-blocklist");
	reset();
	word("198.18.0.0/31");
	config.targets.blocklist_file = file("198.18.0.0/24\n");
	expect_error(-EINVAL, "2 blocked (198.18.0.0 is in /proc/self/fd/");
	reset();
	config.targets.list_file = file("198.18.0.1\n198.18.9.1\n");
	config.targets.allowlist_file = file("198.18.9.0/24\n");
	config.targets.blocklist_file = file("198.18.9.1\n");
	expect_error(-EINVAL, "no target is left of 2: 1 outside /proc/self/fd/");
	reset();
	config.targets.list_file = file("# nothing\n");
	expect_error(-EINVAL, "no target in it");
	reset();
	config.targets.allowlist_file = file("");
	expect_error(-EINVAL, "no target in it");
	reset();
	word("198.18.0.1");
	config.targets.list_file = "/nowhere/list";
	expect_error(-ENOENT, "--targets-file /nowhere/list: cannot be read: ");
}
END_TEST

/* ---- what lines say beside ---- */

START_TEST(first_line_has_the_say)
{
	word("198.18.0.0/28");
	config.targets.list_file = file(
		"198.18.0.1,443,covered.example\n"	/* in the prefix: keeps its domain */
		"198.18.1.1,,host.example\n"
		"198.18.1.1,443,later.example\n"	/* the line without port was first */
		"198.18.1.1,80,other.example\n"
		"198.18.1.2,443,first.example\n"
		"198.18.1.2\n"
		"198.18.1.2,443,third.example\n"
		"{\"dip\":\"198.18.1.3\",\"dp\":443,\"domain\":\"json.example\",\"rank\":1}\n"
		"198.18.0.2\n"				/* says nothing, but comes first */
		"198.18.0.2,443,late.example\n");
	load();
	ck_assert_uint_eq(counts->from_prefixes, 16);
	ck_assert_uint_eq(counts->from_list, 4);
	ck_assert_uint_eq(counts->merged, 6);
	expect_at(1, "198.18.0.1", 443);
	expect_extra(1, "covered.example", "");
	expect_extra(2, "", "");
	expect_extra(3, "", "");
	expect_at(16, "198.18.1.1", 443);
	expect_extra(16, "host.example", "");
	expect_at(17, "198.18.1.2", 443);
	expect_extra(17, "first.example", "");
	expect_at(18, "198.18.1.1", 80);
	expect_extra(18, "other.example", "");
	expect_at(19, "198.18.1.3", 443);
	expect_extra(19, "json.example", "{\"rank\":1}");
}
END_TEST

/* However many there are of the other family, they are none of ours. */
START_TEST(one_family_only)
{
	config.targets.ipv4_only = true;
	word("2001:2::/32");
	word("198.18.0.0/30");
	word("[2001:2::1]:80");
	config.targets.allowlist_file = file("198.18.0.2/31\n2001:2::/48\n::/0\n");
	load();
	ck_assert_uint_eq(counts->total, 4);
	ck_assert_uint_eq(counts->other_family, INT64_MAX);
	ck_assert(targets_have_v4(targets) && !targets_have_v6(targets));
	reset();
	config.targets.ipv6_only = true;
	word("0.0.0.0/0");
	word("198.18.0.1:80");
	word("[2001:2::1]:80");
	word("2001:2::1");
	config.targets.list_file = file("198.18.0.1:80\n198.18.0.1,80,a.example\n2001:2::2\n");
	load();
	ck_assert_uint_eq(counts->total, 3);
	ck_assert_uint_eq(counts->other_family, (1ull << 32) + 1);
	ck_assert_uint_eq(counts->merged, 2);
	reset();
	config.targets.ipv6_only = true;
	word("198.18.0.0/30");
	word("198.18.0.1:80");
	expect_error(-EINVAL, "no target is left of 5: 5 IPv4 (--ipv6)");
	/* Each is counted once. */
	reset();
	config.targets.ipv4_only = true;
	config.targets.list_file = file("198.18.0.1\n198.18.0.2\n2001:2::2\n");
	config.targets.allowlist_file = file("198.18.0.1\n");
	config.targets.blocklist_file = file("198.18.0.1\n");
	expect_error(-EINVAL, "no target is left of 3: 1 IPv6 (--ipv4), 1 outside ");
}
END_TEST

UNIT_SUITE(targets)
{
	TCase *t;

	t = unit_case(suite, "names", orders_prefixes_by_address, orders_the_three_parts,
		      resolves_names, names_in_their_own_script, refuses_bad_words,
		      takes_over_what_was_found,
		      reads_all_ports_of_all_of_ipv4, refuses_too_many);
	tcase_add_checked_fixture(t, open_config, reset);
	t = unit_case(suite, "allow and block", allowlist_alone_is_a_source,
		      allowlist_restricts_a_list, blocked_wins, one_family_only,
		      families_are_blocked_apart, says_why_nothing_is_left);
	tcase_add_checked_fixture(t, open_config, reset);
	t = unit_case(suite, "extra", first_line_has_the_say);
	tcase_add_checked_fixture(t, open_config, reset);
}
