"""Targets, and the files that are read."""

import struct

from rig import Case, START, TARGET

NOT_IPV4 = "not an IPv4 address"
NOT_IP = "not an IPv4 or IPv6 address"
NOT_IPV6 = "not an IPv6 address"
PORT = r"port must be a number of 1\.\.65535"
LENGTH = r"prefix length must be a number of 0\.\.32"
TEXT = "is this a text file"
COOKIES = "source_ip,ip,port,kind,cookie,time"
COOKIE = "198.18.0.2,198.18.0.1,443,34,0011223344556677,2026-01-02T03:04:05Z"

# A header of pcap, Ethernet, and no packet.
EMPTY_CAPTURE = struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)

# Words that are no targets.
TARGETS = [
	("198.18.0", NOT_IPV4), ("198.18.0.256", NOT_IPV4), ("198.18.0.01", NOT_IPV4),
	("256.0.0.1:80", NOT_IPV4), ("2001:2::g", NOT_IPV6), ("2001:2::1]:80", NOT_IPV6),
	("2001:2:::1", NOT_IPV6), ("[2001:2::1", r"\]"), ("[2001:2::1]80", "port|]"),
	("[2001:2::1]:0", PORT), ("[2001:2::1]:", PORT), ("[198.18.0.1:80", "]"),
	("fe80::1%lo", "zone"), ("0x7f.0.0.1", NOT_IP), ("198.18.0.1 ", "blanks"),
	("198.18.0.1,198.18.0.2", NOT_IP), ("198.18.0.1-9", NOT_IP), ("198.18.0.*", NOT_IP),
	("-", NOT_IP), ("http://198.18.0.1/", NOT_IP), ("www.example.org/24", NOT_IP),
	("198.18.0.1:0", PORT), ("198.18.0.1:65536", PORT), ("198.18.0.1:http", PORT),
	("198.18.0.1:", PORT), ("www.example.org:0", PORT), ("www.example.org:", PORT),
	("198.18.0.0/33", LENGTH), ("198.18.0.0/", LENGTH), ("198.18.0.0/x", LENGTH),
	("198.18.0.0/-1", LENGTH), ("198.18.0.0/024", LENGTH),
	("2001:2::/129", r"0\.\.128"), ("198.18.0.1/24", r"did you mean 198\.18\.0\.0/24\?"),
	("2001:2::1/64", r"did you mean 2001:2::/64\?"), ("x" * 3000, NOT_IP),
]

# 2^63 targets or more: what the message names.
TOO_MANY = [
	("2001:2::/64", "^2001:2::/64 "), ("::/0", "^::/0 "), ("2001:2::/48", "^2001:2::/48 "),
	("2001:2::/65 -p *", "^2001:2::/65 "), ("2001:2::/66 -p 80,443", "^2001:2::/66 "),
	("2001:2::/65", "^2001:2::/65 "), ("2001:2::/66 2001:2:0:1::/66", "2001:2:.*/66 "),
]

# More than a billion targets, and nothing that is blocked.
HUGE = [
	("0.0.0.0/0", {}), ("0.0.0.0/2", {}), ("198.18.0.0/15 -p *", {}),
	("2001:2::/96", {}),
	("-w f", {"files": {"f": b"0.0.0.0/0\n"}}),
]

# Lines of every kind of file, after two sound ones.
PREFIXES = [
	("198.18.0.1/24", r"198\.18\.0\.1/24: host bits", r"did you mean 198\.18\.0\.0/24\?"),
	("198.18.0.0/33", LENGTH), ("198.18.0.256", NOT_IPV4), ("198.18.0.1 80", "blanks"),
	("198.18.0.1:80", r"198\.18\.0\.1:80: ", "--target-ports"), ("198.18.0.9 - 198.18.0.1", "ends before"),
	("198.18.0.1-198.18.0.300", NOT_IPV4), ("198.18.0.0 255.0.255.0", "netmask"),
	("www.example.org", "a name", "resolve"), ("fe80::1%lo", "zone"),
	("ip,port", NOT_IP), ('{"dip":"198.18.0.1"}', "not an"), ("\x1f\x08gzip", TEXT),
	("198.18.0.1\0", TEXT), ("x" * 70000, "longer than [0-9]+ bytes"),
]
SERVERS = [
	("198.18.0.1:0", PORT), ("198.18.0.1:65536", PORT), ("198.18.0.256", NOT_IPV4),
	("198.18.0.1 443", "blanks"), ("198.18.0.1;443", NOT_IP), ("fe80::1%lo", "zone"),
	("[2001:2::1:443", "]"), ("2001:2::1]:443", NOT_IPV6),
	("198.18.0.0/24", "single addresses", "--allowlist-file"),
	("https://www.example.org/", "a URL", "addr:port"),
	("www.example.org", "a name", "resolve.*(zdns|dig)"),
	("www.example.org:443", "a name", "resolve.*(zdns|dig)"),
	("www.example.org,443", "a name", "resolve.*(zdns|dig)"),
	("198.18.0.1,x", "port x: must be a number"), ("198.18.0.1,0", "port 0: must be"),
	("198.18.0.1:80,443", "port has a place of its own"), (",443", "address is missing"),
	("198.18.0.1,443,a,b", "more than three fields", "address,port,domain"),
	("198.18.0.1,443,a b", 'domain "a b": .*character'),
	("198.18.0.1,443," + "a" * 254, "longer than 253 bytes"),
	("\x1f\x08gzip", TEXT), ("198.18.0.1\0", TEXT),
	("x" * 70000, "longer than [0-9]+ bytes"),
]
PATHSPIDER = [
	('{"dip":"198.18.0.1"', "not a JSON object: .*byte"), ('{"dip":198.18.0.1}', "not a JSON"),
	("{}", 'no "dip"'), ('{"dp":443}', 'no "dip"'), ('{"dip":1}', 'no "dip".*string'),
	('{"dip":"198.18.0.1","dp":"443"}', '"dp": ' + f"the {PORT}"),
	('{"dip":"198.18.0.1","dp":0}', '"dp": ' + f"the {PORT}"),
	('{"dip":"198.18.0.1","dp":65536}', '"dp": ' + f"the {PORT}"),
	('{"dip":"198.18.0.1","dp":443.5}', '"dp": ' + f"the {PORT}"),
	('{"dip":"198.18.0.1"} x', "more follows the JSON object.*byte"),
	('{"dip":"www.example.org"}', "a name", "resolve.*(zdns|dig)"),
	('{"dip":"198.18.0.0/24"}', "prefix cannot be used"),
	('{"dip":"198.18.0.1:80"}', "port has a place of its own"),
	('{"dip":"198.18.0.1","domain":5}', '"domain" is not a string'),
	('{"dip":"198.18.0.1","domain":"a b"}', 'domain "a b": .*character'),
	('{"dip":"198.18.0.1","info":"' + "x" * 15000 + '"}', "need more than [0-9]+ bytes"),
	('[{"dip":"198.18.0.1"}] x', "more follows the JSON object"), ('"198.18.0.1"', NOT_IP),
]
COOKIE_LINES = [
	("198.18.0.2,198.18.0.1,443,34,0011223344556677", f"fields {COOKIES}"),
	(COOKIE + ",x", f"fields {COOKIES}"), ("198.18.0.1", f"fields {COOKIES}"),
	(COOKIE.replace("198.18.0.2", "x"), "source_ip x: not an IP address"),
	(COOKIE.replace("198.18.0.1", "x"), " ip x: not an IP address"),
	(COOKIE.replace("443", "0"), "port 0: must be a number"),
	(COOKIE.replace("443", "65536"), "port 65536: must be a number"),
	(COOKIE.replace(",34", ",35"), "kind 35: must be 34, 253 or 254"),
	(COOKIE.replace("0011223344556677", "001122"), "cookie 001122: must be 4 to 16 bytes"),
	(COOKIE.replace("0011223344556677", "00" * 17), "cookie 0+: must be 4 to 16 bytes"),
	(COOKIE.replace("0011223344556677", "0011223"), "cookie 0011223: must be .*hex"),
	(COOKIE.replace("0011223344556677", "001122334455667g"), "cookie .*g: must be .*hex"),
	(COOKIE.replace("2026-01-02T03:04:05Z", "today"), "time today: must be like 2026"),
	("\x1f\x08gzip", TEXT),
]

CONFIG = [
	("rate = x", "--rate x: not a number"), ("rate = 0.01", r"--rate 0\.01: must be 0\.1 to"),
	("rate", "rate: a value is missing", "PPS"), ("rate =", "value is missing after the ="),
	("rtae = 5", "unknown option rtae; did you mean rate?"), ("--rate 5", "mean rate?"),
	("frobnicate = 5", "unknown option frobnicate;", "--help"), ("r = 5", "unknown option r;"),
	("[main]", "name = value"), ("rate: 5", "name = value"), ("198.18.0.1", "name = value"),
	("rate = 5 ; slow", "--rate 5 ; slow: not a number"), ("notes = x", "notes .*twice"),
	("quiet = maybe", "quiet maybe: .*true or false"), ("help", "command line.*--help"),
	("config = g", "command line.*--config"), ("dryrun", "command line.*--dryrun"),
	('log-file = "f', "closing quote"), ('log-file = "f" g', "follows the closing quote"),
	('log-file = "\\q"', "backslash"), ('log-file = "\\x00"', "NUL"),
	("\x1f\x08gzip", TEXT), ("rate = 5\0", TEXT), ("x" * 70000, "longer than [0-9]+ bytes"),
]

# option: (two sound lines, wrong third lines)
LINES = {
	"allowlist-file": ("# ours\n198.18.1.0/24\n", PREFIXES),
	"blocklist-file": ("# theirs\n198.18.1.0/24\n", PREFIXES),
	"targets-file": ("# list\n198.18.0.3\n", SERVERS + PATHSPIDER),
	"cookie-file": (f"{COOKIES}\n{COOKIE}\n", COOKIE_LINES),
	"config": ("# ours\nnotes = ours\n", CONFIG),
}

# What is read and must be there.
READ = {
	"allowlist-file": "--allowlist-file {}",
	"blocklist-file": "--blocklist-file {}",
	"targets-file": "--targets-file {}",
	"payload": "--payload file:{}",
	"config": "--config {}",
	"rx": "--rx pcap:{} --key " + "0" * 32,
}


def bad_lines(options):
	for option, (sound, lines) in LINES.items():
		for i, (line, *says) in enumerate(lines):
			name = f"line/--{option} {i + 1} {line[:30]!r}"
			content = f"{sound}{line}\n198.18.0.4\n".encode("utf-8")
			yield Case(name, f"{START} --{option}=f", 1, "^f:3: ", *says,
				files={"f": content})
	yield Case("line/--cookie-file without its header", f"{START} --cookie-file f", 1,
		"^f:1: ", "not a cookie file", COOKIES, files={"f": COOKIE.encode()})
	yield Case("line/--targets-file of standard input", f"{START} --targets-file -", 1,
		"^stdin:2: ", NOT_IPV4, stdin=b"198.18.0.3\n198.18.0.256\n")
	yield Case("line/--allowlist-file with 2^64 addresses", f"{START} --allowlist-file f", 1,
		"^f:2: 2001:2::/64 ", "2\\^63", files={"f": b"198.18.0.0/24\n2001:2::/64\n"})
	yield Case("line/--allowlist-file in UTF-16", f"{START} --allowlist-file f", 1, "^f:1: ",
		TEXT, files={"f": "198.18.0.0/24\n".encode("utf-16")})


def unreadable(options):
	for option, words in READ.items():
		words = f"{words} {TARGET if option == 'rx' else START}"
		named = "^cannot read capture file" if option == "rx" else f"^--{option} "
		yield Case(f"file/--{option} missing", words.format("none/f"), 1, named, "none/f",
			"No such file")
		yield Case(f"file/--{option} is a folder", words.format("f"), 1,
			named, r"\bf\b", "[Ii]s a directory", files={"f": None})
		yield Case(f"file/--{option} not readable", words.format("f"), 1, named, r"\bf\b",
			"Permission denied", files={"f": b"198.18.0.1\n"}, locked=["f"])
	yield Case("file/--cookie-file is a folder", f"--cookie-file f {START}", 1, r"\bf\b",
		"[Ii]s a directory", files={"f": None})
	yield Case("file/--cookie-file not readable", f"--cookie-file f {START}", 1, r"\bf\b",
		"Permission denied", files={"f": b""}, locked=["f"])
	for content, says in ((b"", "empty"), (b"x" * 1025, "1025 bytes.*1024")):
		yield Case(f"file/--payload of {len(content)} bytes", f"--payload file:f {START}",
			1, "--payload file:f", says, files={"f": content})
	for name, content in (("text", b"198.18.0.1\n"), ("nothing", b""),
			("half a header", b"\xd4\xc3\xb2\xa1\x02\x00")):
		yield Case(f"file/--rx a capture of {name}", f"{READ['rx'].format('f')} {TARGET}", 1,
			 "--rx pcap:f|capture file 'f'",
			files={"f": content})
	yield Case("file/--rx a capture without targets",
		f"{READ['rx'].format('f')} --rows reply", 1,
		"^--rx pcap:f: no packet", "--source-port", files={"f": EMPTY_CAPTURE})
	for name, content in (("empty", b""), ("only comments", b"# nothing\n\n")):
		for option in ("allowlist-file", "targets-file"):
			yield Case(f"file/--{option} {name}", f"--{option} f", 1, "^f: no target",
				files={"f": content})
	yield Case("file/--targets-file empty standard input", "--targets-file -", 1,
		"^stdin: no target")
	yield Case("file/--targets-file closed standard input", "--targets-file -", 1,
		"^(cannot read )?stdin|standard input", "closed|Bad file", closed=[0])


def left_out(options):
	yield Case("none/no target", "", 1, "^no targets", "--allowlist-file", "--targets-file")
	yield Case("none/options alone", "-p 80 -r 100", 1, "^no targets", "--targets-file")
	yield Case("none/special-purpose", "--tx null 10.0.0.0/8 192.168.1.1:80", 1,
		"^no target is left of 16777217", "RFC 1918",
		"--no-default-blocklist")
	yield Case("none/special-purpose IPv6", "--tx null 2001:db8::1", 1,
		"^no target is left of 1:", "2001:db8::/32", "--no-default-blocklist")
	yield Case("none/by file", f"-b f {START}", 1, "^no target is left of 1:",
		r"198\.18\.0\.1 is in f\b", files={"f": b"198.18.0.0/15\n"})
	yield Case("none/all outside", "-w f -I list --no-default-blocklist", 1,
		"^no target is left of 1: 1 outside f", files={"f": b"198.18.1.0/24\n",
			"list": b"198.18.0.1:80\n"})
	yield Case("none/list all blocked", "-I list", 1, "^no target is left of 2:",
		r"198\.18\.0\.1", "--no-default-blocklist",
		files={"list": b"198.18.0.1:80\n198.18.0.2:80\n"})


def ports():
	"""The digits of a port are one number wherever they stand."""
	sound = "--tx null --source-ip 198.18.0.2 --cooldown-time 0 --no-default-blocklist"
	for name, words in (("-p", "-p 0080 198.18.0.1"), ("-p, a range", "-p 080-0081 198.18.0.1"),
			("-s", "-s 010000-032767 198.18.0.1"), ("of an address", "198.18.0.1:0080"),
			("in a list", "-I f"), ("in a list's field", "-I g")):
		yield Case(f"port/{name}", f"{sound} {words}", 0, fine=True,
			files={"f": b"198.18.0.1:080\n", "g": b"198.18.0.1,080,\n"})


def slips():
	"""A word that is no target, and what it was meant as."""
	for words, *says in (
			("--rate 10 k 198.18.0.1", "^k: ", "did you mean 10k"),
			("-r 1.5 M 198.18.0.1", "^M: ", r"did you mean 1\.5M"),
			("-n 5 % 198.18.0.1", "^%: ", "did you mean 5%"),
			("-p 80 443 198.18.0.1", "^443: ", "a number", "--target-ports 80,443"),
			("198.18.0.1 rate 10", "^rate: ", "did you mean the option --rate"),
			("198.18.0.1 dryrun", "^dryrun: ", "did you mean the option --dryrun"),
			("198.18.0.1 rate=10", "^rate=10: ", "did you mean the option --rate"),
			("198.18.0.1 \u2013rate", "^.*rate: ", "did you mean the option --rate"),
			("198.18.0.1 \u2014r", "^.*r: ", "ASCII hyphen"),
			("list.txt", r"^list\.txt: ", "--targets-file", "--allowlist-file"),
			("./list.txt", r"^\./list\.txt: ", "--targets-file", "--allowlist-file")):
		yield Case(f"slip/{words}", f"--no-default-blocklist {words}", 1, *says,
			files={"list.txt": b"198.18.0.1\n"})


def huge():
	"""Refused, but where it is confirmed, or something is blocked, or little is scanned"""
	for named, around in HUGE:
		named = named.replace("*", "'*'")
		yield Case(f"huge/{named}", f"{TARGET} {named}", 1, "^[0-9]{10,} targets",
			"--without-blocklist", "--blocklist-file", **around)
	yield Case("huge/an empty blocklist", f"{TARGET} 0.0.0.0/0 --blocklist-file f", 1,
		"--without-blocklist", files={"f": b"# none\n"})
	# The next thing that these lack is a way out.
	for name, said in (("confirmed", "--without-blocklist"), ("a sample", "-n 10"),
			("with a blocklist", "--blocklist-file f"),
			("in shards", "--shards 5 --shard 2 --seed 1")):
		yield Case(f"huge/{name}", f"{TARGET} 0.0.0.0/0 {said}", 2, "^no route to",
			files={"f": b"198.18.5.0/24\n"})
	yield Case("huge/nothing is sent", f"{START} --max-runtime 0.1 0.0.0.0/0", 4, fine=True)


def cases(options):
	for word, says in TARGETS:
		yield Case(f"target/{word[:30]!r}", ["--no-default-blocklist", "--", word], 1, "^.", says)
	yield Case("target/''", ["--no-default-blocklist", ""], 1, "^''", "missing|empty")
	yield Case("target/name that nothing resolves", "www.example.org", 1,
		"^cannot resolve www.example.org: ", "resol")
	for words, says in TOO_MANY:
		yield Case(f"many/{words}", f"--no-default-blocklist {words}".replace("*", "'*'"), 1,
			says, r"2\^63", "smaller prefixes", "--targets-file")
	yield from huge()
	yield from ports()
	yield from slips()
	yield from bad_lines(options)
	yield from unreadable(options)
	yield Case("sound/START", START, 0, fine=True)
	yield from left_out(options)
