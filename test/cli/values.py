"""Wrong values of every option, and wrong options."""

import re
import shlex

from rig import Case, TARGET

NUMBER = "not a number"
LESS = "below 0"
PORT = "1 to 65535"
ADDRESS = "not an IPv4 or IPv6 address"
HUGE = "99999999999999999999"

COUNT = [("x", NUMBER), ("-1", LESS), ("1.5", NUMBER), ("1T", NUMBER), ("1 K", NUMBER),
	("0x10", NUMBER), ("1e3", NUMBER), ("+1", NUMBER), (HUGE, "too large"),
	("18446744073709551616", "too large"), ("18446744073709551615K", "too large")]
DIGITS = [("x", NUMBER), ("-1", LESS), ("1.5", NUMBER), ("1K", NUMBER), ("1x", NUMBER)]
SECONDS = [("x", NUMBER), ("-1", LESS), ("3s", NUMBER), ("1h", NUMBER), (".", NUMBER),
	("1.0000000001", NUMBER), ("1e3", NUMBER), ("inf", NUMBER), ("nan", NUMBER)]
RATE = [("x", NUMBER), ("-5", LESS), ("10Kpps", NUMBER), ("inf", NUMBER), ("nan", NUMBER),
	("1e3", NUMBER), ("1,5", NUMBER), ("10%", "per cent")]
SHARE = [("0%", "more than 0%.*100%"), ("101%", "more than 0%.*100%"), ("%", "such as 10%"),
	("x%", "such as 10%"), ("10%%", "such as 10%"), ("-5%", "such as 10%|below 0")]
FILE = []	# any name will do but none: files are in inputs.py and clashes.py

# option: (a sound value, [(wrong value, what the message says of it)]); "" is tried for all
VALUES = {
	"target-ports": ("80", [("0", PORT), ("65536", PORT), (HUGE, PORT), ("80,", PORT),
		(",80", PORT), ("80,,81", PORT), ("80-", PORT), ("-80", PORT), ("http", PORT),
		("90-80", "90-80 runs backwards"), ("80x", "80,8000-8100"),
		("80 81", "80,8000-8100"), ("1-2-3", "80,8000-8100"), ("*,80", PORT)]),
	"allowlist-file": ("f", FILE),
	"blocklist-file": ("f", FILE),
	"targets-file": ("f", FILE),
	"max-targets": ("5", COUNT + SHARE),
	"shards": ("1", DIGITS + [("0", "1 at least"), ("4294967296", "too large")]),
	"shard": ("0", DIGITS + [("4294967296", "too large")]),
	"seed": ("1", COUNT),
	"plan": ("path", [("x", "survey, path, full, locate, complete"),
	                  ("Path", "survey, path, full, locate, complete")]),
	"max-hops": ("32", DIGITS + [("0", "1 to 64"), ("65", "1 to 64")]),
	"requests": ("3", DIGITS + [("0", "1 to 16"), ("17", "1 to 16")]),
	"probes": ("syn", [("x", "syn, request, request-exp"), ("Syn", "syn, request"),
		("syn,", "separated by commas"), ("syn,,blind", "separated by commas"),
		("syn blind", "separated by commas"), ("syn,syn", "syn is there twice")]),
	"confirm": ("5", SECONDS + [("86401", "0 to 86400")]),
	"payload": ("none", [("foo", "auto, none, http"), ("AUTO", "auto, none, http"),
		("text", "text:TEXT"), ("text:", "empty.*none"), ("hex:", "empty.*none"),
		("hex:1", "two make a byte"), ("hex:0g", "hexadecimal digit"),
		("hex:" + "00" * 1025, "1025 bytes.*1024"), ("text:" + "x" * 1025, "1025.*1024"),
		("file:", "name of the file is missing")]),
	"retries": ("1", DIGITS + [("16", "0 to 15"), (HUGE, "too large|0 to 15")]),
	"timeout": ("1", SECONDS + [("0", "0.05 to 600"), ("0.049", "0.05 to 600"),
		("600.1", "0.05 to 600"), (HUGE, "0.05 to 600")]),
	"cookie-file": ("f", FILE),
	"tcp-options": ("mss", [("win", "windows, linux, bsd, mss, none"), ("Linux", "linux")]),
	"rate": ("1", RATE + [("0.09", "0.1 to 1000000000.* 0 for no limit"),
		("2G", "0.1 to 1000000000"), (HUGE, "0.1 to 1000000000")]),
	"bandwidth": ("1M", RATE + [("99", "100 to 1000000000000.* 0 for no limit"),
		("2000G", "100 to 1000000000000"), ("10Mbps", NUMBER)]),
	"max-runtime": ("1", SECONDS + [("1000000001", "0 to 1000000000")]),
	"max-results": ("1", COUNT + [("5%", "per cent")]),
	"cooldown-time": ("1", SECONDS + [("86401", "0 to 86400")]),
	"interface": ("lo", []),
	"source-ip": ("198.18.0.2", [("x", ADDRESS), ("1.2.3", ADDRESS), ("1.2.3.256", ADDRESS),
		("198.18.0.2,", "address is missing"), (",198.18.0.2", "address is missing"),
		("198.18.0.0/24", ADDRESS), ("198.18.0.2 198.18.0.3", ADDRESS),
		("fe80::1%lo", ADDRESS), ("localhost", ADDRESS),
		(",".join(f"198.18.{i // 250}.{i % 250}" for i in range(1, 400)), "more than [0-9]+ addresses"),
		("0.0.0.0", "source|send from|host"), ("224.0.0.1", "source|send from|host"),
		("255.255.255.255", "source|send from|host"), ("::", "source|send from|host"),
		("ff02::1", "source|send from|host")]),
	"source-port": ("10000-20000", [("0", PORT), ("65536", PORT), ("1-65536", PORT),
		("20000-10000", "runs backwards"), ("x", PORT), ("1-", PORT),
		("1,2", "10000-32767"), ("10000-20000,30000-40000", "10000-32767")]),
	"gateway-mac": ("02:00:5e:10:00:01", [("x", "02:00:5e:10:00:01"),
		("02:00:5e:10:00", "02:00:5e:10:00:01"), ("02:00:5e:10:00:01:02", "02:00:5e"),
		("02:00:5e:10:00:0g", "02:00:5e"), ("02005e100001", "02:00:5e"),
		("02:00-5e:10-00:01", "02:00:5e"), ("192.0.2.1", "02:00:5e"),
		("00:00:00:00:00:00", "one neighbour"), ("ff:ff:ff:ff:ff:ff", "one neighbour"),
		("01:00:5e:00:00:01", "one neighbour")]),
	"vlan": ("5", DIGITS + [("4095", "4094"), (HUGE, "too large|4094")]),
	"sender-threads": ("2", DIGITS + [("17", "0 to 16"), (HUGE, "too large|0 to 16")]),
	"receiver-threads": ("1", DIGITS + [("17", "0 to 16"), (HUGE, "too large|0 to 16")]),
	"tx": ("null", [("foo", "auto, packet.*null"), ("Packet", "auto, packet"),
		("pcap", "pcap:FILE"), ("pcap:", "name of the file is missing"),
		("null:x", "auto, packet.*null")]),
	"rx": ("pcap", [("foo", "pcap, xdp, pcap:FILE|pcap:FILE"), ("pcap:", "file is missing")]),
	"save-pcap": ("f", FILE),
	"key": ("0" * 32, [("00", "32 hexadecimal"), ("0" * 31, "32 hex"), ("0" * 33, "32 hex"),
		("0" * 31 + "g", "32 hexadecimal"), ("0x" + "0" * 32, "32 hexadecimal")]),
	"output-file": ("f", FILE),
	"output-format": ("csv", [("xml", "csv, ndjson"), ("json", "csv, ndjson"),
		("CSV", "csv, ndjson")]),
	"output-fields": ("ip", []),	# these are in clashes.py: they hang together with --rows
	"output-filter": ("mss > 9", [("mss", "a comparison"), ("ms > 9", "no such field"),
		("mss > x", "the value is none"), ("verdict = open", "none of the field.s words"),
		("mss > 9 &&", "a field is missing"), ("(mss > 9", "a bracket is not closed")]),
	"expect": ("accepted", [("open", "offline, unreachable"), ("accepted,x", "offline, unreachable")]),
	"label": ("week 1", []),	# and several lines: clashes.py
	"rows": ("reply", [("x", "target, reply"), ("all", "target, reply")]),
	"report": ("all", [("x", "synack, answered, all"), ("none", "synack, answered, all")]),
	"metadata-file": ("f", FILE),
	"status-updates-file": ("f", FILE),
	"checkpoint": ("f", FILE),
	"log-file": ("f", FILE),
	"verbosity": ("1", DIGITS + [("5", "0 to 4")]),
	"config": ("f", FILE),
	"notes": ("", None),	# nothing is wrong
	"user": ("root", []),	# and who there is: starts.py
}


def shown(value):
	"""A value as a message repeats it"""
	return re.escape((value or "''")[:100])


def of_option(option):
	if option.name not in VALUES:
		yield Case(f"value/{option.name}", "", 1, "a row for this option in values.py")
		return
	sound, wrong = VALUES[option.name]
	flag, target = f"--{option.name}", f" {TARGET}"
	yield Case(f"value/{flag} missing", f"{TARGET} {flag}", 1,
		f"^{flag}: a value is missing", re.escape(option.arg))
	yield Case(f"value/{flag} twice", [*shlex.split(TARGET), *2 * [f"{flag}={sound}"]], 1,
		f"^{flag} is given twice", "once")
	if wrong is None:
		return
	yield Case(f"value/{flag} empty", f"{flag}= {target}", 1, f"^{flag} '': ")
	for value, says in wrong:
		name = value if len(value) < 40 else f"{value[:37]}..."
		yield Case(f"value/{flag} {name}", [f"{flag}={value}", *shlex.split(TARGET)], 1,
			f"^{flag} {shown(value)}: ", says)


def of_flag(option):
	flag = f"--{option.name}"
	for value in ("1", "", "yes"):
		yield Case(f"value/{flag} {value or 'empty'}", f"{TARGET} {flag}={value}", 1,
			f"^{flag} {shown(value)}: takes no value")


def near_misses(option, options):
	"""Two letters swapped. Of two or three letters nothing is near."""
	name = option.name
	at = len(name) // 2
	wrong = name[:at - 1] + name[at] + name[at - 1] + name[at + 1:]
	if len(name) > 3 and wrong not in options and wrong != name:
		yield Case(f"unknown/--{wrong}", f"--{wrong} {TARGET}", 1,
			f"^unknown option --{wrong}; did you mean --{name}\\?")


WORDS = [
	("--frobnicate", "^unknown option --frobnicate;", "--help"),
	("--frobnicate=3", "^unknown option --frobnicate;", "--help"),
	("-y", "^unknown option -y;", "--help"),
	("-qy", "^unknown option -y;", "--help"),
	("--output", "^--output ", "several", "--help|--output-file"),
	("--blacklist-file=x", "did you mean --blocklist-file"),
	("--r\x1b[31md", r"^unknown option --r\?\[31md;", "--help"),
	("-" + "x" * 3000, "^unknown option -x;", "--help"),
	("--" + "x" * 3000, "^unknown option --x+;", "--help"),
]


def cases(options):
	for option in options.values():
		yield from of_option(option) if option.arg else of_flag(option)
		yield from near_misses(option, options)
	for word, *says in WORDS:
		yield Case(f"unknown/{word[:30]!r}", [word, *shlex.split(TARGET)], 1, *says)
	for name in VALUES.keys() - options.keys():
		yield Case(f"value/--{name}", "", 1, f"--{name} in --help, as values.py says")
