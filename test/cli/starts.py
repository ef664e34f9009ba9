"""What hinders a scan whose words are all right: status 2. And words that are wrong as well, of
which nobody should learn only after the network and the privilege are there."""

from rig import Case, START, TARGET

ROOT = "root.*CAP_NET_RAW"
LOCAL = "--no-default-blocklist 127.0.0.1"


def cannot_start(options):
	yield Case("start/no such interface", f"-i nope0 {TARGET}", 2, "nope0", "No such device",
		"ip link|--list-interfaces")
	yield Case("start/long interface", f"-i {'x' * 40} {TARGET}", 2, "--interface x{40}: No such")
	yield Case("start/impossible interface", f"-i {'x' * 128} {TARGET}", 2,
		"--interface x{128}: names have")
	yield Case("start/interface down", f"-i lo {TARGET}", 2, r"\blo\b", "down", "ip link|--interface")
	yield Case("start/no route", TARGET, 2, r"^no route to 198\.18\.0\.1", "unreachable",
		"--interface")
	yield Case("start/no route for IPv6", "--no-default-blocklist 2001:2::1", 2,
		"^no route to 2001:2::1", "--interface")
	yield Case("start/no route, nothing sent", f"--tx null {TARGET}", 2, r"198\.18\.0\.1",
		"--source-ip")
	yield Case("start/IPv4 source alone", "--tx null -S 198.18.0.2 --no-default-blocklist "
		"2001:2::1", 2, "IPv6", "--source-ip")
	yield Case("start/IPv6 source alone", f"--tx null -S 2001:2::2 {TARGET}", 2, "IPv4",
		"--source-ip")
	yield Case("start/no route by lo", f"-i lo {TARGET}", 2, r"^no route to 198\.18\.0\.1 by lo",
		"--source-ip", loopback=True)
	for engine, local in (("packet", LOCAL), ("libnet", LOCAL.replace("127.0.0.1", "::1"))):
		yield Case(f"start/no privilege, {engine}", f"--tx {engine} {local}", 2, ROOT,
			privileged=False, loopback=True)
	yield Case("start/user", f"--user no-such-user {TARGET}", 1, "--user no-such-user: no such user")
	yield Case("start/own address by libnet", f"--tx libnet {LOCAL}", 1, "own IPv4", "--tx packet",
		loopback=True)
	yield Case("start/no privilege, source given", f"-i lo -S 198.18.0.2 {TARGET}", 2, ROOT,
		privileged=False, loopback=True)


# Mistakes of the command line alone, where nothing can start either.
FIRST = [
	("field", "--output-fields foo", "'foo'"),
	("--output-file", "--output-file none/f", "none/f"),
	("--metadata-file", "--metadata-file none/f", "none/f"),
	("--metadata-file -", "--metadata-file -", "--metadata-file"),
	("--save-pcap", "--save-pcap none/f", "none/f"),
	("--cookie-file", "--cookie-file none/f", "none/f"),
	("--log-file", "--log-file none/f", "none/f"),
	("--status-updates-file", "--status-updates-file none/f", "none/f"),
	("--source-port", "--source-port 10000", "--source-port"),
	("--targets-file", "--targets-file none/f", "none/f"),
]


def first(options):
	for name, words, *says in FIRST:
		if words.split()[0][2:] not in options:
			continue
		yield Case(f"first/{name} before the route", f"{words} {TARGET}", 1, *says)
		yield Case(f"first/{name} before the privilege", f"{words} {LOCAL}", 1, *says,
			privileged=False, loopback=True)


def streams(options):
	yield Case("stream/standard output closed", START, 1,
		"standard output", "-o", closed=[1])
	yield Case("stream/standard output closed beside --save-pcap",
		f"--save-pcap f {START}", 1, "standard output", "-o",
		closed=[1])
	yield Case("stream/standard output closed for --help", "--help", 3,
		"standard output", closed=[1])
	yield Case("stream/standard error closed", "--rate x", 1, closed=[2])


def cases(options):
	yield from cannot_start(options)
	yield from first(options)
	yield from streams(options)
