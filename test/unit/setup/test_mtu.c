/* mtu: the longest SYN that a scan may send, against the interface's MTU. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "setup/resume.h"
#include "setup/setup.h"
#include "scratch.h"
#include "setup/mtu.h"

/* A TCP header with the options that SYNs have beside TFO's, and the longest cookie. */
#define TCP_LEN		(20 + 12 + 20)
#define V4_LEN		(20 + TCP_LEN)
#define V6_LEN		(40 + TCP_LEN)

static struct resume resume;	/* no checkpoint */

static char text[32], *words[] = { text, NULL };
static uint16_t ports[2];
static struct config config;
static struct setup su;

/* Set up without an interface; then as if it had one. */
static void begin(const char *target, enum payload_type type, uint16_t len)
{
	struct err e = { "" };
	int status;

	snprintf(text, sizeof(text), "%s", target ? target : "");
	ports[0] = 7;
	ports[1] = 443;
	config = (struct config){
		.targets.words = words, .targets.n = target != NULL, .targets.ports = { ports, 2 },
		.targets.shards = 1,
		.targets.list_file = config.targets.list_file,
		.targets.no_default_blocklist = true, .probing.timeout_ns = NS_PER_S,
		.rate.cooldown_ns = NS_PER_S,
		.rate.pps = 1000, .network.port_first = 10000, .network.port_last = 32767,
		.network.tx = "null",
		.network.rx = "pcap", .network.nsources = 2, .probing.payload = { .type = type,
				     .len = len },
		.network.sources = { addr_from_v4(0xc6130001), { 0x2001000200000000, 1 } },
	};
	ck_assert_msg(setup_init(&su, &config, &resume, &status, &e) == 0, "%s", e.msg);
	su.shared.facts.wire = true;
	su.shared.facts.interface = "eth7";
}

static void end(void)
{
	setup_free(&su);
	config.targets.list_file = NULL;
}

/* That MTU is enough, and one byte less is not. */
static void least(unsigned int mtu)
{
	struct err e = { "" };
	char expected[32];

	ck_assert_msg(mtu_check(&su.shared.facts, mtu, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(mtu_check(&su.shared.facts, mtu - 1, &e), -EMSGSIZE);
	ck_assert_ptr_nonnull(strstr(e.msg, "eth7"));
	ck_assert_ptr_nonnull(strstr(e.msg, "--payload"));
	snprintf(expected, sizeof(expected), "have %u ", mtu);
	ck_assert_msg(strstr(e.msg, expected) != NULL, "%s", e.msg);
	ck_assert_int_eq(mtu_check(&su.shared.facts, 0, &e), 0);
}

TEST(a_payload_of_the_users)
{
	begin("198.18.0.0/24", PAYLOAD_BYTES, PAYLOAD_MAX);
	least(V4_LEN + PAYLOAD_MAX);
	end();
	begin("2001:2::/120", PAYLOAD_BYTES, 100);
	least(V6_LEN + 100);
	end();
}

TEST(no_payload)
{
	begin("198.18.0.0/24", PAYLOAD_NONE, 0);
	least(V4_LEN);
	end();
}

/* The longest of all ports' payloads. */
TEST(a_payload_by_port)
{
	uint8_t bytes[PAYLOAD_MAX];

	begin("198.18.0.0/31", PAYLOAD_AUTO, 0);
	least(V4_LEN + (unsigned int)payload_build(&config.probing.payload, 443, "", "", bytes));
	end();
}

/* Of a list the longest domain counts, wherever it stands. */
TEST(a_payload_by_domain)
{
	uint8_t bytes[PAYLOAD_MAX];
	struct scratch list;

	scratch_text(&list, "198.18.0.1,443,a.example\n198.18.0.2,443,a-longer.example\n"
		     "198.18.0.3,80,b.example\n");
	config.targets.list_file = list.path;
	begin(NULL, PAYLOAD_AUTO, 0);
	least(V4_LEN + (unsigned int)payload_build(&config.probing.payload, 443, "a-longer.example",
						   "",
						   bytes));
	end();
	scratch_close(&list);
}
