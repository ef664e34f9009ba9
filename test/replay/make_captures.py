#!/usr/bin/env python3
"""usage: test/replay/make_captures.py [CASE]...

Writes in.pcap of the cases below anew (not of `lab`, which is a real one). The bytes come from
wire.py, which shares nothing with tfomap; what must come of them is written by hand in each case's
out.csv. A case's targets are those of its file `targets`, whose comments say what each one is."""

import os
import sys

sys.dont_write_bytecode = True
import wire
from scenario import MS, PAYLOAD, PORT, Capture
from wire import ACK, ECE, FIN, RST, SYN

COOKIE = "3021b9d889017eeb"
COOKIE_16 = "000102030405060708090a0b0c0d0e0f"
ONE, OTHER = "220a" + COOKIE, "220aaaaaaaaaaaaaaaaa"
OTHER_KEY = bytes(16)

CAPTURES = {}


def capture(name, **how):
	"""The function below fills the capture of this case."""
	def register(fill):
		CAPTURES[name] = fill, how
		return fill
	return register


# ---- doc/protocol.md 4 ------------------------------------------------------------------------
# The last number of an address is the vector's. A survey sends data only with a cookie that it
# got, so vectors 8 to 11 (a cookie without data, data without a cookie) need a full scan; there 3
# answers the experimental request and 27 a SYN without option, in a survey both answer the request.
# 12 and 23 carry 1000 bytes of data in place of 1420: a payload has 1024 at most.

@capture("vectors-asked")
def cookies_that_were_asked_for(c):
	for n, tfo in {2: "", 25: "2202"}.items():
		for t in c.twins(n):
			t.request().synack(10, tfo)
	for n, tfo in {4: "220a" + COOKIE, 20: "220600000000", 27: "2208010203040506"}.items():
		for t in c.twins(n):
			t.request().synack(10, tfo).accepted(40, tfo)
	for t in c.twins(3):
		t.request().synack(10, "fe0cf989" + COOKIE)
		t.data(40, "fe0cf989" + COOKIE).synack(50)
	for t in c.twins(6):
		t.request().synack(10, "220aaaaaaaaaaaaaaaaa")
		t.data(40, "220aaaaaaaaaaaaaaaaa").synack(50, "220a" + COOKIE)
		t.again(80, "220a" + COOKIE).synack(90, acked=18)
	for t in c.twins(7):
		t.request().synack(10, "220a" + COOKIE)
		t.data(40, "220a" + COOKIE).synack(50)
	for t in c.twins(13):
		t.request().synack(10, "2206abcd1234")
		t.data(40, "2206abcd1234").synack(50, acked=9)
	for t in c.twins(14):
		t.request().synack(10, "2206abcd1234")
		for attempt in range(3):
			at = 40 + 3010 * attempt
			t.data(at, "2206abcd1234", attempt).synack(at + 10, "2206badc00ce", acked=100100)
	for t in c.twins(23):
		t.request().synack(10, "220a" + COOKIE)
		t.data(40, "220a" + COOKIE).rst(50)
	for n, acked in {26: 0, 126: 18}.items():
		for t in c.twins(n):
			t.request().synack(10, "220adeadbeefdeadbeef")
			t.data(40, "220adeadbeefdeadbeef").synack(50, "220adeadbeefdeadbeef", acked)
	for t in c.twins(106):
		t.request().synack(10, "220aaaaaaaaaaaaaaaaa")
		t.data(40, "220aaaaaaaaaaaaaaaaa").synack(50, "220abbbbbbbbbbbbbbbb")
		t.again(80, "220abbbbbbbbbbbbbbbb").synack(90, "220acccccccccccccccc")


@capture("payload-none", payload=b"")
def cookies_alone(c):
	for n, tfo in {1: "220a" + COOKIE, 2: "", 20: "220600000000", 25: "2202"}.items():
		for t in c.twins(n):
			t.request().synack(10, tfo)


@capture("vectors-known", payload=b"x" * 1000)
def cookies_of_a_file(c):
	D = 1000
	answers = {
		4: ("220a" + COOKIE, "", D),
		5: ("fe0cf989" + COOKIE, "", D),
		7: ("220a" + COOKIE, "", 0),
		12: ("2206abcd1234", "", 100),
		15: ("2206abcd1234", "220a1234abcd5678dcba", D),
		16: ("fe08f9891234abcd", "2206abcd5678", D),
		17: ("220600000000", "22041122", D),
		18: ("2212" + COOKIE_16, "2214" + COOKIE_16 + "1011", D),
		19: ("2212" + COOKIE_16, "2205112233", D),
		26: ("220adeadbeefdeadbeef", "220adeadbeefdeadbeef", 0),
		126: ("220adeadbeefdeadbeef", "220adeadbeefdeadbeef", D),
	}
	for n, (sent, got, acked) in answers.items():
		for t in c.twins(n):
			t.data(0, sent).synack(10, got, acked)
	for t in c.twins(6):
		t.data(0, "220aaaaaaaaaaaaaaaaa").synack(10, "220a" + COOKIE)
		t.again(40, "220a" + COOKIE).synack(50, acked=D)
	for n, acked in {23: 0, 24: D, 124: D - 1}.items():
		for t in c.twins(n):
			t.data(0, "220a" + COOKIE).rst(10, acked)


@capture("vectors-full", payload=b"x" * 1000, full=True)
def all_kinds_of_probes(c):
	def ask(t, given, syn="", blind="", blind_acked=0):
		t.probe(0, "syn").synack(10, syn)
		t.probe(20, "request", "2202").synack(30, given if given[:2] == "22" else "")
		if given[:2] == "fe":
			t.probe(40, "request-exp", "fe04f989").synack(50, given)
		t.probe(60, "forged", given[:-16] + "aa" * 8, D).synack(70, given)
		t.probe(80, "blind", "", D).synack(90, blind, blind_acked)
		at = 300 if blind_acked else 100  # who took data, or a cookie, has time to answer
		t.probe(at, "bare", given).synack(at + 10)
		t.accepted(at + 220, given)
		t.probe(at + 440, "recheck").synack(at + 450)

	D = 1000
	for n, how in {3: ("fe0cf989" + COOKIE,), 9: (ONE,), 10: (ONE, "", "", D),
			11: (ONE, "", "2206abcd1234", D), 27: (ONE, "2208010203040506")}.items():
		for t in c.twins(n):
			ask(t, *how)


@capture("vectors-malformed")
def vector_28(c):
	mss = "020405b4"
	areas = {
		1: "2200" "0101",
		2: "2201" "0101",
		3: mss + "220a3021",
		4: "2206aabbccdd" "220a" + COOKIE,
		5: "220a" + COOKIE + "2206",
		6: "00" "220a" + COOKIE + "01",
		7: mss + "0400" "220a" + COOKIE,
		8: mss + "fe06" "12345678" "0101",
		10: mss + "010101" "22",
		11: mss + "fe04f989",
		12: mss + "2212" + COOKIE_16 + "0101",
		13: "220a" + COOKIE + "22040102" "0101",
	}
	for n, area in areas.items():
		for t in c.twins(n):
			t.request().synack(10, area=area)
			if n in (4, 5, 12):
				t.accepted(40, "2212" + COOKIE_16 if n == 12 else "220a" + COOKIE)
	for t in c.twins(20):  # the header runs past the packet
		t.request().synack(10, area=mss, offset=15)
	for t in c.twins(23):  # a header that is none
		t.request().synack(10, "220a" + COOKIE, offset=4)
	for t in c.twins(25):  # ECN is no fault
		t.request().synack(10, "", flags=SYN | ACK | ECE)
	for t in c.twins(26):
		t.request().synack(10, "", window=0)


@capture("kind-253")
def a_kind_that_is_read_but_not_sent(c):
	for t in c.twins(1):
		t.request().synack(10, "fd0cf989" + COOKIE)
	for t in c.twins(2):
		t.accepted(0, "fe0cf989" + COOKIE)


# ---- who answers when ---------------------------------------------------------------------------

@capture("answers-reply")
def answers_in_time_and_out_of_it(c):
	D = len(PAYLOAD)
	t = c.target("198.18.1.1").request()
	t.synack(20).synack(20.25).synack(1020).synack(3020)
	t = c.target("198.18.1.2").request().synack(20, ONE).synack(20.25, ONE)
	t.accepted(50, ONE)
	t = c.target("198.18.1.3").request().synack(1200)
	t = c.target("198.18.1.4").request().synack(1200, ONE).accepted(1230, ONE)
	t = c.target("198.18.1.5").request().synack(3500)
	t = c.target("198.18.1.6").request().rst(20).synack(25, ONE).accepted(50, ONE)
	t = c.target("198.18.1.8").request().rst(20, flags=RST)
	t = c.target("198.18.1.9").request().rst(20, flags=RST).synack(25)
	t = c.target("198.18.1.10").request().icmp(20, 11, 0).synack(25)
	t = c.target("198.18.1.11").request().synack(20, ONE)
	t.data(50, ONE).rst(60).synack(65, acked=D)
	t = c.target("198.18.1.12").request().synack(20, ONE)
	t.data(50, ONE).bytes(60, 240, acked=D).synack(60.25, acked=D)
	t = c.target("198.18.1.13").request().synack(20, ONE)
	t.data(60, ONE).synack(70, acked=D)
	t = c.target("198.18.1.14").request().synack(20, ONE).data(50, ONE).data(3060, ONE, 1)
	t.data(50, ONE, saved=False).synack(3070, acked=D)  # to the first attempt
	t = c.target("198.18.1.15").request().synack(20, ONE)
	for attempt in range(3):
		t.data(50 + 3010 * attempt, ONE, attempt)
	t = c.target("198.18.1.16").request().rst(20)
	t = c.target("198.18.1.17").request().icmp(20, 3, 1).rst(25)
	t = c.target("198.18.1.18").request()
	t = c.target("198.18.1.19").request().synack(20, OTHER)
	t.data(50, OTHER).synack(60, ONE).again(90, ONE).synack(100, acked=D)


@capture("answers-repeated")
def what_accepted_the_data_comes_again(c):
	D = len(PAYLOAD)
	t = c.target("198.18.1.1").request().synack(20, ONE)
	t.data(50, ONE).synack(60, acked=D).synack(60.25, acked=D).synack(1060, acked=D)


@capture("answers-late")
def what_comes_after_the_time_out(c):
	t = c.target("198.18.1.1").request().synack(20, ONE)
	for attempt in range(3):
		t.data(50 + 3010 * attempt, ONE, attempt)
	t.synack(10000, acked=len(PAYLOAD))
	t = c.target("198.18.1.2").request().synack(20, ONE)
	for attempt in range(3):
		t.data(50 + 3010 * attempt, ONE, attempt)
	t.request(saved=False).synack(3040)


@capture("answers-reset")
def a_reset_after_the_synack(c):
	D = len(PAYLOAD)
	t = c.target("198.18.1.1").request().synack(20).rst(25)
	t = c.target("198.18.1.2").request().synack(20, ONE)
	t.data(50, ONE).synack(60, acked=D).rst(65, acked=D)


@capture("answers-injected")
def resets_and_data_beside_a_synack(c):
	D = len(PAYLOAD)
	t = c.target("198.18.1.1").request().rst(20).synack(25)
	t = c.target("198.18.1.2").request().synack(20, ONE)
	t.data(50, ONE).rst(60).synack(65, acked=D)
	t = c.target("198.18.1.3").request().icmp(20, 11, 0).synack(25)
	t = c.target("198.18.1.4").request().rst(20)


@capture("synack-data", payload=b"x" * 1000)
def vectors_21_and_22(c):
	D = 1000
	for t in c.twins(21):
		t.data(0, "220a" + COOKIE).synack(10, acked=D, payload=b"x" * 1400, kept=256)
	for t in c.twins(22):
		t.data(0, "220a" + COOKIE)
		t.synack(10, acked=D, flags=SYN | FIN | ACK, payload=b"x" * 200, kept=256)


@capture("early-data")
def a_response_before_any_ack_of_ours(c):
	D = len(PAYLOAD)
	for t in c.twins(1):
		t.request().synack(10, ONE).data(40, ONE).synack(50, acked=D)
		t.bytes(50.125, 240, acked=D).bytes(50.25, 0, acked=D, flags=FIN | ACK)
	for t in c.twins(2):
		t.request().synack(10, ONE).data(40, ONE).bytes(50, 240, acked=D).synack(50.125, acked=D)


@capture("retries", retries=2)
def the_silent_are_asked_again(c):
	t = c.target("198.18.1.1").request().request(1010, 1).request(2020, 2)
	t = c.target("198.18.1.2").request().request(1010, 1).synack(1020)
	t = c.target("198.18.1.3").request().request(1010, 1)
	t.request(saved=False).synack(1020)  # to the first attempt
	t = c.target("198.18.1.4").request().synack(10)
	t = c.target("2001:2:0:1::1").request().request(1010, 1).request(2020, 2)


@capture("retries-15", retries=15)
def the_most_attempts_there_are(c):
	t = c.target("198.18.1.1").request().synack(10, OTHER)
	t.data(40, OTHER).synack(50, ONE)
	for attempt in range(16, 32):
		t.data(80 + 1010 * (attempt - 16), ONE, attempt)
	t.synack(15240, acked=len(PAYLOAD))


@capture("forged", retries=1)
def what_is_no_answer(c):
	c.target("198.18.1.1").request().synack(10)
	t = c.target("198.18.1.2").request()
	own = c.probes
	c.probes = wire.Probes(OTHER_KEY, retries=1)
	t.request(saved=False).synack(10)  # as who does not know the key
	c.probes = own
	c.target("198.18.1.3").request().synack(10, acked=-1)
	c.target("198.18.1.4").request().synack(10, acked=1)
	t = c.target("198.18.1.5").request()
	t.sport += 1
	t.synack(10)
	c.target("198.18.1.6").request().request(saved=False, attempt=1).synack(10)
	c.target("198.18.1.99").request(saved=False).synack(10)
	c.target("198.18.1.1", PORT + 1).request(saved=False).synack(10)
	t = c.target("198.18.1.7").request()
	t.seq ^= 1
	t.icmp(10, 3, 1, quote=t.syn[:24] + t.seq.to_bytes(4, "big") + t.syn[28:])
	c.target("198.18.1.8").request().tcp(10, SYN)
	t = c.target("198.18.1.9").request()
	t.synack(10, source="198.18.1.1")  # another's address
	t = c.target("198.18.1.10").request()
	t._come(10, wire.ip(t.address, t.source, 17, bytes(8)))
	t._come(10, wire.ip(t.address, t.source, 6, bytes(12)))
	t.rst(10, acked=1)


# ---- ICMP ---------------------------------------------------------------------------------------

def stripped(t):
	"""The SYN as it is behind a middlebox that overwrites the TFO option with NOPs"""
	at = (20 if t.version == 4 else 40) + 20 + 12
	return t.syn[:at] + b"\1" * 4 + t.syn[at + 4:]


@capture("icmp-reply")
def errors_that_quote(c):
	kinds = {
		4: {1: (3, 1), 2: (3, 13), 3: (11, 0), 4: (3, 1), 5: (12, 0)},
		6: {1: (1, 0), 2: (1, 1), 3: (3, 0), 4: (1, 4), 5: (4, 0)},
	}
	for n in range(1, 6):
		for t in c.twins(n):
			how = {1: {"quoted": 8}, 2: {"quoted": 20}, 4: {"source": t.address}}.get(n, {})
			t.request().icmp(10, *kinds[t.version][n], **how)
	for t in c.twins(6):
		t.request()
		t.icmp(10, *kinds[t.version][3], quote=stripped(t))
	for t in c.twins(7):
		t.request().synack(10, ONE).data(40, ONE).icmp(50, *kinds[t.version][1], quoted=8)
	for t in c.twins(8):
		t.request().icmp(10, *kinds[t.version][1]).icmp(10.25, *kinds[t.version][1])


@capture("icmp-no-end")
def errors_that_end_no_attempt(c):
	"""Source quench, redirect, fragmentation needed; packet too big, redirect"""
	kinds = {4: ((4, 0), (5, 1), (3, 4)), 6: ((2, 0), (137, 0))}
	for n in (1, 2):
		for t in c.twins(n):
			t.request()
			for i, kind in enumerate(kinds[t.version]):
				t.icmp(5 + i, *kind)
			if n == 2:
				t.synack(10)


@capture("icmp-ndjson")
def a_short_and_a_whole_quote(c):
	c.target("198.18.1.1").request().icmp(10, 3, 1, quoted=8)
	c.target("198.18.1.2").request().icmp(10, 3, 1)


# ---- which rows, which fields --------------------------------------------------------------------

@capture("report-all")
def one_of_each_kind_of_answer(c):
	for t in c.twins(1):
		t.request().synack(10)
	for t in c.twins(2):
		t.request().rst(10)
	c.target("198.18.1.3").request().icmp(10, 3, 1)
	c.target("2001:2:0:1::3").request().icmp(10, 1, 0)
	for t in c.twins(4):
		t.request()
	for t in c.twins(5):
		t.request().synack(10, ONE)
		for attempt in range(3):
			t.data(40 + 3010 * attempt, ONE, attempt)


@capture("fields-target", targets=["198.18.1.1", "198.18.1.2"]
	+ [f"2001:2:0:1::{n}" for n in (1, 2, 3)])
def every_field(c):
	t = c.target("198.18.1.1").request().synack(10, OTHER, ident=4711, tos=0x28, df=False)
	t.data(40, OTHER).synack(50, ONE).again(80, ONE).synack(95.5, acked=len(PAYLOAD), ttl=61)
	t = c.target("198.18.1.2").request().icmp(10, 3, 1)
	t = c.target("2001:2:0:1::1").request().rst(0.0625)
	t = c.target("2001:2:0:1::2").request().icmp(10, 1, 4, source=t.address)
	t = c.target("2001:2:0:1::3").request().synack(10, area="")


@capture("targets-ports", ports=(PORT, PORT + 2))
def two_ports(c):
	for t in c.twins(1):
		t.request().synack(10)
	for port in (PORT, PORT + 2):
		c.target("198.18.1.2", port).request().rst(10)
	c.target("198.18.1.2", PORT + 1).request().synack(10)


@capture("targets-shard")
def eight_targets(c):
	for address, _ in sorted(c.place, key=c.place.get):
		c.target(address).request().synack(10)


@capture("source-ports", source_ports=(40000, 40009), retries=2)
def few_source_ports(c):
	for t in c.twins(1):
		t.request().synack(10, OTHER)
		t.data(40, OTHER).synack(50, ONE).again(80, ONE).synack(90, acked=len(PAYLOAD))


# ---- capture files ------------------------------------------------------------------------------

def two_answers(c):
	c.target("198.18.1.1").request().synack(10.123456)
	c.target("2001:2:0:1::1").request().synack(20)


capture("file-raw", link=101)(two_answers)
capture("file-without-list")(two_answers)
capture("file-vlan", link="vlan")(two_answers)
capture("file-cooked", link=113)(two_answers)
capture("file-qinq", link="qinq")(two_answers)
capture("file-pppoe", link="pppoe")(two_answers)
capture("file-pppoe-vlan", link="pppoe-vlan")(two_answers)
capture("file-mpls", link="mpls")(two_answers)
capture("file-provider", link="provider")(two_answers)
capture("file-two-links")(two_answers)
capture("file-wireless", link=105)(two_answers)
capture("file-microseconds", precision=10**6)(two_answers)


@capture("file-without-syns")
@capture("file-without-syns-reply")
def answers_alone(c):
	for t in c.twins(1):
		t.request(saved=False).synack(10)
	for t in c.twins(2):
		t.request(saved=False).rst(10)


@capture("file-cut")
def a_file_that_ends_too_soon(c):
	two_answers(c)
	c.target("198.18.1.2").request().synack(40)


def answers_of_two_kinds(c):
	for t in c.twins(1):
		t.request().synack(10, "220a" + COOKIE)
	for t in c.twins(2):
		t.request().rst(10)


# Of 68 bytes there are 14 of TCP in IPv6, of 96 the cookie lacks 2 bytes there.
capture("file-snaplen-68", snaplen=68)(answers_of_two_kinds)
capture("file-snaplen-96", snaplen=96)(answers_of_two_kinds)


@capture("file-snaplen-reply")
def cut_within_and_before_the_tfo_option_and_in_the_header(c):
	link = {4: 14 + 20, 6: 14 + 40}
	for n, kept in {1: 20 + 12, 2: 20 + 18, 3: 19}.items():
		for t in c.twins(n):
			t.request().synack(10, "220a" + COOKIE, kept=link[t.version] + kept)


SECOND = 10**9


def five_targets(c):
	"""A cookie that is taken, none, a reset, silence"""
	c.target("198.18.1.2").request().synack(10, ONE).accepted(40, ONE)
	c.target("198.18.1.5").request().synack(20)
	c.target("198.18.1.3").request().rst(30)
	c.target("198.18.1.1").request()
	c.target("198.18.1.4").request(5000).synack(5010)


# The receiver was held up for 4 s: what came meanwhile is behind what was sent meanwhile.
@capture("file-stalled", place=lambda ns, ours: ns + 4 * SECOND * (ns > 100 * MS and not ours))
def a_receiver_that_was_held_up(c):
	c.target("198.18.1.2").request().synack(10, ONE).accepted(40, ONE)
	c.target("198.18.1.5").request(100).synack(120)
	c.target("198.18.1.3").request(100).rst(130)
	c.target("198.18.1.1").request(100)
	c.target("198.18.1.4").request(3500).synack(3510)


# Tries that stay silent, each begun before the file's order shows that the last one's time is over.
@capture("file-held-up", place=lambda ns, ours:
	ns + 300 * MS * (100 * MS < ns < 300 * MS and not ours))
def a_receiver_that_was_held_up_for_a_moment(c):
	t = c.target("198.18.1.2").request().synack(10, ONE)
	for attempt in range(3):
		t.data(40 + 3080 * attempt, ONE, attempt)
	c.target("198.18.1.5").request(100).synack(115)
	c.target("198.18.1.3").request(300).synack(310)
	c.target("198.18.1.1").request(20000).synack(20010)


# What is due waits for its turn, longer than for an answer.
@capture("file-slow")
def a_run_of_few_packets_a_minute(c):
	c.target("198.18.1.2").request().synack(10, ONE).accepted(9000, ONE)
	t = c.target("198.18.1.3").request(1000).synack(1010, ONE)
	t.data(2000, ONE).data(13000, ONE, 1).synack(13010, acked=len(PAYLOAD))
	c.target("198.18.1.4").request(3000).synack(3010, ONE)
	for n in range(5, 15):
		c.target(f"198.18.1.{n}").request(1000 * n + 500).synack(1000 * n + 510)


# A run of more time than it keeps in sight, in an order that is not the reader's.
@capture("file-own-order", retries=1)
@capture("file-other-seed", retries=1, seed=2)
def a_run_in_another_order(c):
	for n in range(1, 13):
		t = c.target(f"198.18.1.{n}").request(2500 * n)
		if n % 3 == 1:
			t.synack(2500 * n + 10 + n)
		else:
			t.request(2500 * n + 3010, 1)
			if n % 3 == 2:
				t.synack(2500 * n + 3020 + n)


@capture("file-copies")
def each_packet_twice(c):
	"""As an interface and a bridge above it both have it"""
	for t in c.twins(1):
		t.request().request(0.25).synack(10).synack(10.25)
		t.request(12)
	c.target("198.18.1.2").request().request(0.25)


@capture("file-stopped", retries=1)
def a_capture_that_was_stopped(c):
	c.target("198.18.1.1").request().request(3010, 1)
	c.target("198.18.1.2").request()
	c.target("198.18.1.3").request().synack(10)
	c.target("198.18.1.4").request()


@capture("file-begun-late", retries=1)
def a_capture_that_was_begun_late(c):
	c.target("198.18.1.1").request(saved=False).request(3010, 1)
	c.target("198.18.1.2").request(saved=False).request(3010, 1).synack(3020).synack(3020.25)
	c.target("198.18.1.3").request(saved=False).synack(2990).synack(2990.25)
	c.target("198.18.1.4").request().request(3010, 1)


@capture("file-cut-silent")
def who_is_silent_where_a_file_ends_too_soon(c):
	a_file_that_ends_too_soon(c)


@capture("silent-late")
def who_answers_after_being_called_silent(c):
	c.target("198.18.1.1").request().synack(5000)
	c.target("198.18.1.2").request()
	c.target("198.18.1.3").request().synack(10)


@capture("arms-late", retries=1, arms=True)
def the_silent_arm_where_the_other_needs_no_retry(c):
	for n in (1, 2):
		t = c.target(f"198.18.1.{n}").probe(0, "syn").synack(10)
		t.request(20).request(3030, 1).synack(8000 if n == 2 else 3040)


capture("file-two-clocks", clock=lambda ns, ours: ns - (0 if ours else 2 * SECOND))(five_targets)
capture("file-clock-set", clock=lambda ns, ours: ns - (3600 * SECOND if ns > SECOND else 0))(
	five_targets)
capture("file-unsorted", place=lambda ns, ours: ns + (100 * MS if ours else 0))(five_targets)


# ---- writing ------------------------------------------------------------------------------------

def make(name):
	fill, how = CAPTURES[name]
	c = Capture(name, **how)
	fill(c)
	c.write()
	if name == "file-two-links":
		ether = [(ns, frame, 0) for _, ns, frame, _ in c.packets]
		wire.write_pcapng(c.path, [(ns, frame[14:], 1) if i % 2 else (ns, frame, 0)
			for i, (ns, frame, _) in enumerate(ether)], (1, 101))
	if name in ("file-cut", "file-cut-silent"):
		os.truncate(c.path, os.path.getsize(c.path) - 10)


if __name__ == "__main__":
	for wanted in sys.argv[1:] or CAPTURES:
		make(wanted)
