"""Options that contradict each other, fields, and files that must be left as they are."""

import itertools

from rig import Case, START, TARGET

KEY = "--key " + "0" * 32
SOURCE = START.replace("--tx null ", "")
OLD = b"# kept since last year\n"	# fine in all files that are read
COOKIES = b"source_ip,ip,port,kind,cookie,time\n"
BROKEN_LIST = b"198.18.0.1\n198.18.0.256\n"

# Files that are written.
WRITTEN = {
	"--output-file": "--output-file {}",
	"--metadata-file": "--metadata-file {}",
	"--log-file": "--log-file {}",
	"--save-pcap": "--save-pcap {}",
	"--cookie-file": "--cookie-file {}",
	"--status-updates-file": "--status-updates-file {}",
	"--tx pcap:": "--tx pcap:{}",
}
# And those that are read and must not be written to.
READ = {
	"--allowlist-file": "--allowlist-file {}",
	"--blocklist-file": "--blocklist-file {}",
	"--targets-file": "--targets-file {}",
	"--payload file:": "--payload file:{}",
	"--config": "--config {}",
}

CONTRADICTIONS = [
	("--ipv4 --ipv6", f"-4 -6 {TARGET}", "^--ipv4 with --ipv6: ", "leave both out"),
	("--shard without --shards", f"--shard 1 {TARGET}", "^--shard 1: ", "--shards"),
	("shard too high", f"--shards 2 --shard 2 --seed 1 {TARGET}", "^--shard 2: ", "0 to 1"),
	("one shard and number 1", f"--shards 1 --shard 1 {TARGET}", "^--shard 1: ", "0"),
	("--shards without --seed", f"--shards 2 --shard 1 {TARGET}", "^--shards 2: ", "--seed",
		"same"),
	("--report all --rows reply", f"--report all --rows reply {TARGET}",
		"^--report all with --rows reply", "--rows target"),
	("--expect with rows on standard output", f"--expect accepted -o - {TARGET}",
		"^--expect with --output-file -", "name a file"),
	("text with fields", f"-O text -f ip {TARGET}", "^--output-format text with --output-fields",
		"leave one"),
	("text of replies", f"-O text --rows reply {TARGET}", "^--output-format text with --rows reply",
		"leave one"),
	("text with a checkpoint", f"-O text --checkpoint f -o g --tx packet {TARGET}",
		"^--output-format text with --checkpoint", "csv or ndjson"),
	("--rx file without --key", f"--rx pcap:f {TARGET}", "^--rx pcap:f: ", "--key",
		"--metadata-file"),
	("--rx file with --tx", f"--rx pcap:f {KEY} --tx null {TARGET}",
		"^--rx pcap:f with --tx", "leave"),
	("--rx file with --save-pcap", f"--rx pcap:f {KEY} --save-pcap g {TARGET}",
		"^--rx pcap:f with --save-pcap", "leave"),
	("--checkpoint without -o", f"--checkpoint f --tx packet {TARGET}", "^--checkpoint f: ", "-o"),
	("--checkpoint with --tx null", f"--checkpoint f -o g --tx null {TARGET}",
		"^--checkpoint f: ", "sends nothing"),
	("--checkpoint with --tx pcap", f"--checkpoint f -o g --tx pcap:h {TARGET}",
		"^--checkpoint f: ", "sends nothing"),
	("--checkpoint with --dryrun", f"--checkpoint f -o g --dryrun {TARGET}",
		"^--checkpoint f: ", "sends nothing"),
	("--checkpoint with fields that name no target", f"--checkpoint f -o g -f ip,verdict {TARGET}",
		"^--checkpoint: ", "port", "add it"),
	("one source port", f"--source-port 10000 {START}", "^--source-port 10000",
		" 1 port is too few", "at least [0-9]+"),
	("few source ports", f"--source-port 10000-10001 {START}", "^--source-port 10000-10001: ",
		"2 ports are too few", "at least [0-9]+"),
	("few source ports for the retries", f"--source-port 10000-10030 --retries 15 {START}",
		"^--source-port 10000-10030: 31 ports are too few", "at least [0-9]+"),
	("few source ports for the plan", f"--source-port 10000-10020 --plan full {START}",
		"^--source-port 10000-10020: 21 ports are too few", "at least [0-9]+"),
	("--probes data without a cookie", f"--probes data {START}", "^--probes: data needs a cookie",
		"--cookie-file"),
	*((f"--probes {kind}", f"--probes syn,{kind} --cookie-file f {START}",
		f"^--probes: {kind} is sent only after", "--plan", "syn, request, request-exp, blind")
		for kind in ("forged", "bare", "recheck")),
	("--probes data beside a request", f"--probes request-exp,data --cookie-file f {START}",
		"^--probes: data beside request-exp", "leave"),
	("--probes of three kinds", f"--probes syn,request,blind {START}",
		"^--probes: .* 2 kinds at most"),
	("--probes without their payload", f"--probes blind --payload none {START}",
		"^--probes: blind carries a payload", "--payload none", "leave"),
	("few source ports for --probes", f"--source-port 10000-10001 --probes syn --retries 2 {START}",
		"^--source-port 10000-10001: 2 ports are too few", "at least 3"),
	("-o of gzip", f"-o f.gz {START}", "^--output-file f.gz: ", r"-o - \.\.\. \| gzip >f\.gz",
		"-m"),
	("-o of zstd", f"-o f.zst --dryrun {TARGET}", "^--output-file f.zst: ",
		r"-o - \.\.\. \| zstd -o f\.zst", "-m"),
	("--label of two lines", ["--label", "a\nb", *START.split()], r"^--label a\?b: ", "line ends"),
	("--label that acts", ["--label", "\x1b[m", *START.split()], r"^--label \?\[m: ",
		"control characters"),
	("--log-file -", f"--log-file - {START}", "^--log-file -: ", "standard output"),
	("--metadata-file -", f"--metadata-file - {START}", "^--metadata-file -: ",
		"standard output"),
	("--save-pcap - among the rows", f"--save-pcap - {START}", "--save-pcap( -|.*standard output)"),
	("--tx pcap:- among the rows", f"--tx pcap:- {SOURCE}",
		"--tx pcap:(-|.*standard output)"),
	("--status-updates-file -", f"--status-updates-file - {START}",
		"^--status-updates-file -: ", "standard output"),
	("--vlan with --iplayer", f"--vlan 5 --iplayer {START}", "--vlan.*--iplayer"),
	("--rx file with --dryrun", f"--rx pcap:f {KEY} --dryrun {TARGET}",
		"^--rx pcap:f with --dryrun", "leave"),
	("--dryrun without targets", "--dryrun", "^no targets"),
	("--print-config of a contradiction", "--print-config --report all --rows reply",
		"^--report all with --rows reply"),
	("--cookie-file -", f"--cookie-file - {START}", "--cookie-file( -|.*standard output)"),
]

FIELDS = [
	("ip,foo", "'foo'", "--list-output-fields"),
	("verdct", "'verdct'", "did you mean 'verdict'", "--list-output-fields"),
	("Verdict", "'Verdict'", "did you mean 'verdict'"),
	("ip,,port", "missing"), ("ip,", "missing"), (",ip", "missing"),
	("ip,ip", "'ip'.*twice"), ("ip, port", "' port'", "did you mean 'port'"),
	("ip;port", "'ip;port'", "--list-output-fields"),
	("ip,flows", "'flows'", "ndjson"), ("info", "'info'", "ndjson"),
	("probe", "'probe'", "--rows reply"), ("ip,*", r"'\*'"),
	("x" * 3000, "'x+", "--list-output-fields"),
]


# The same, of which one half is in the configuration file f.
CONFIGURED = [
	("--report all", "report = all", f"--rows reply {START}", "--rows reply"),
	("--shard", "shard = 1", START, "^--shard 1: ", "--shards"),
	("--log-file", "log-file = -", START, "^--log-file -: ", "standard output"),
	("--tx", "tx = null", f"--rx pcap:g {KEY} {TARGET}", "--rx pcap:g with --tx null"),
	("--output-fields", "output-fields = foo", START, "'foo'"),
	("--blocklist-file", "blocklist-file = none/f", START, "none/f"),
	("--output-file", "output-file = none/f", START, "none/f"),
	("-o of zstd", "output-file = f.zst", START, "^--output-file f.zst: ", r"\| zstd -o f\.zst"),
	("one file", "output-file = g", f"--metadata-file g {START}", "--output-file", "g"),
]


# Options, and which of them a notice says to be of no effect
IDLE = [
	("--max-hops 9", ["max-hops"]), ("--max-hops 9 --plan locate", []),
	("--max-hops 9 --plan path", ["max-hops"]),
	("--confirm 9", ["confirm"]), ("--confirm 9 --plan complete", ["confirm"]),
	("--confirm 9 --plan full", []), ("--confirm 0", []), ("--plan path", []),
	("--plan complete", []), ("--plan complete --payload none", ["plan"]),
	("--plan complete --probes syn", ["plan"]), ("--plan full --payload none", ["plan"]),
	("--plan path --payload none", []), ("--payload none", []),
	("--payload http --probes syn", ["payload"]), ("--payload http --probes syn,blind", []),
	("--requests 2 --probes syn", ["requests"]), ("--requests 2 --probes syn,request-exp", []),
	("--requests 2", []),
	("--gateway-mac 02:00:5e:10:00:01", []),
	("--gateway-mac 02:00:5e:10:00:01 --iplayer", ["gateway-mac"]),
	("--without-blocklist", []), ("--label x", []), ("--label x -f ip,label", []),
	("--label x -f *", []), ("--label x -f ip,domain", ["label"]),
	("--sender-threads 2", []), ("--sender-threads 2 --save-pcap f", ["sender-threads"]),
	("--receiver-threads 2", ["receiver-threads"]), ("--receiver-threads 1", []),
	("--max-hops 9 --label x -f ip", ["max-hops", "label"]),
	("--quiet --max-hops 9", []),
]


def idle():
	for words, notices in IDLE:
		yield Case(f"idle/{words}", f"{words} {START}", 0, fine=True, notices=notices)
	# START ends with an address that comes without a port.
	start = START.replace("198.18.0.1 ", "")
	for words, notices in (("198.18.0.1:443 [2001:2::1]:443", ["target-ports"]), ("198.18.0.1", []),
			("198.18.0.1:443 2001:2::1", []), ("198.18.0.1:443 198.18.1.0/30", []),
			("-I f 198.18.0.1:443", [])):
		yield Case(f"idle/-p 80 {words}", f"-p 80 {words} {start}", 0, fine=True, notices=notices,
			files={"f": b"198.18.0.9\n"})
	for form, notices in (("csv", []), ("ndjson", ["no-header"]), ("text", ["no-header"])):
		yield Case(f"idle/--no-header -O {form}", f"--no-header -O {form} {START}", 0, fine=True,
			notices=notices, shown=False)
	yield Case("idle/--cookie-file", f"--cookie-file f --probes syn {START}", 0, fine=True,
		notices=["cookie-file"], files={"f": COOKIES})
	yield Case("idle/--without-blocklist --blocklist-file",
		f"--without-blocklist --blocklist-file f {START}", 0, fine=True,
		notices=["without-blocklist"], files={"f": OLD})
	for words, notices in (("-O csv --report all", ["output-format", "report"]),
			("-o f -O csv --report all", [])):
		yield Case(f"idle/--expect {words}", f"--expect accepted {words} {START}", 3, fine=True,
			notices=notices)
	# What a file says for every run needs no notice.
	yield Case("idle/configured", f"--config f {START}", 0, fine=True, notices=[],
		files={"f": b"max-hops = 9\n"})


def fields():
	for value, *says in FIELDS:
		yield Case(f"field/{value[:30]}", ["--output-fields", value, *START.split()], 1,
			"^(-f|--output-fields)", *says)
	yield Case("field/--rows reply verdict", f"-f verdict --rows reply {START}", 1,
		"^(-f|--output-fields)", "'verdict'", "--rows target")


def known(files, options):
	"""The file options that this program has"""
	return {flag: words for flag, words in files.items() if flag.split()[0][2:] in options}


def same_files(options):
	"""Each two options that name one file of which one would be written over"""
	written, read = known(WRITTEN, options), known(READ, options)
	pairs = [*itertools.combinations(written, 2), *itertools.product(read, written)]
	every = {**written, **read}
	for one, two in pairs:
		start = SOURCE if "--tx pcap:" in (one, two) else START
		# The same file may be spelled in more than one way, and be there or not yet.
		for name, there in itertools.product(("f", "./f"), (True, False)):
			if one in read and not there:
				continue
			yield Case(f"same/{one} {two} {name}{'' if there else ', not yet'}",
				f"{every[one].format('f')} {every[two].format(name)} {start}", 1, one,
				two, r"\bf\b", files={"f": OLD} if there else {})
	# Rows go to standard output, which the shell has made a file.
	for flag, words in {**written, **read}.items():
		if flag in ("--output-file", "--payload file:"):
			continue
		start = SOURCE if flag == "--tx pcap:" else START
		yield Case(f"same/{flag} > f", f"{words.format('f')} {start}", 1, flag,
			"standard output", r"\bf\b", out_to="f")
	yield Case("same/--metadata-file /dev/stdout > f", f"-m /dev/stdout {START}", 1,
		"--metadata-file", "standard output", out_to="f")


def unwritable(options):
	for flag, words in known(WRITTEN, options).items():
		start = SOURCE if flag == "--tx pcap:" else START
		for name, path, says, case in (
				("no folder", "none/f", "No such file", {}),
				("a folder", "f", "[Ii]s a directory", {"files": {"f": None}}),
				("locked", "f", "Permission denied", {"files": {"f": OLD},
					"locked": ["f"]})):
			yield Case(f"write/{flag} {name}", f"{words.format(path)} {start}", 1,
				fr"\b{path}\b", flag.strip(":").replace(" pcap", "( pcap|\\b)") +
				"|cookie file|capture file|log file|rows|metadata", says, **case)


def in_use(options):
	"""What another run writes to: it is left alone, but for lines that are added"""
	for flag, words in known(WRITTEN, options).items():
		start = SOURCE if flag == "--tx pcap:" else START
		shared = flag in ("--log-file", "--cookie-file")
		yield Case(f"use/{flag}", f"{words.format('f')} {start}", 0 if shared else 1, flag, r"\bf\b",
			"another tfomap; wait for its end, or name another file", fine=shared,
			files={"f": COOKIES if flag == "--cookie-file" else OLD}, held=["f"])


def kept(options):
	"""Every file that is written, there or not yet: a scan that does not start leaves it."""
	written = known(WRITTEN, options)
	every = {flag: words.format(flag.strip("-:").replace(" ", "-"))
		for flag, words in written.items()}
	start = SOURCE
	moments = [
		("a wrong value", 1, f"{start} --rate x", "--rate x"),
		("a wrong word", 1, f"{start} 198.18.0.256", r"198\.18\.0\.256"),
		("no target", 1, "", "no targets"),
		("all blocked", 1, "198.18.0.1", "no target is left"),
		("a wrong line", 1, f"{start} --targets-file list", "^list:2: "),
		("few source ports", 1, f"{start} --source-port 10000", "--source-port"),
		("an unknown field", 1, f"{start} --output-fields foo", "'foo'"),
		("no route", 2, TARGET, "^no route"),
		("no such interface", 2, f"{start} --interface nope0 --tx packet", "nope0"),
		("no privilege", 2, f"{start} --interface lo --tx packet", "CAP_NET_RAW"),
	]
	if "config" in options:
		moments.append(("a wrong configuration", 1, f"{start} --config list", "^list:1: "))
	for there, (name, status, words, *says) in itertools.product((True, False), moments):
		powerless = name == "no privilege"
		flags = {flag: w for flag, w in every.items()
			if flag != "--tx pcap:" or "--tx" not in words}
		files = {w.split()[-1].split(":")[-1]: COOKIES if flag == "--cookie-file" else OLD
			for flag, w in flags.items()} if there else {}
		yield Case(f"kept/{name}, files {'there' if there else 'not yet'}",
			f"{' '.join(flags.values())} {words}", status, *says,
			files={**files, "list": BROKEN_LIST}, log="log-file",
			privileged=not powerless, loopback=powerless)
	for there, bad in itertools.product((True, False), written):
		files = {w.split()[-1].split(":")[-1]: COOKIES if flag == "--cookie-file" else OLD
			for flag, w in every.items() if flag != bad} if there else {}
		words = [w if flag != bad else written[flag].format("none/f")
			for flag, w in every.items()]
		yield Case(f"kept/{bad} unwritable, files {'there' if there else 'not yet'}",
			f"{' '.join(words)} {start}", 1, "none/f", files=files, log="log-file")
	yield Case("kept/metadata where another run has the rows",
		f"--metadata-file m --output-file f {start}", 1, "--output-file f", "another tfomap",
		files={"m": OLD, "f": OLD}, held=["f"])


def cases(options):
	for name, words, *says in CONTRADICTIONS:
		yield Case(f"clash/{name}", words, 1, *says)
	for name, line, words, *says in CONFIGURED:
		yield Case(f"clash/configured {name}", f"--config f {words}", 1, *says,
			files={"f": line.encode() + b"\n"})
	yield Case("clash/as many attempts as there can be", f"--plan full --retries 15 {START}", 0,
		fine=True)
	yield from fields()
	yield from same_files(options)
	yield from unwritable(options)
	yield from in_use(options)
	yield from kept(options)
	yield from idle()
