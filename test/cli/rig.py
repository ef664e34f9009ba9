"""One mistake: the command line, the files around it, and what has to come of it."""

import ctypes
import fcntl
import os
import re
import shlex
import socket
import struct
import subprocess
import sys
import tempfile
from collections import namedtuple

LIFE_S = 30
MESSAGE_MAX = 500	# the program cuts a message somewhat later: the end would be missing
TARGET = "198.18.0.1 --no-default-blocklist"
# Starts anywhere, sends nothing, and is soon over where a mistake is not seen.
START = f"--tx null --source-ip 198.18.0.2,2001:2:1::1 --timeout 0.05 --cooldown-time 0 {TARGET}"

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
PR_CAPBSET_DROP, CAPS_MAX = 24, 64

Option = namedtuple("Option", "name letter arg")	# arg: None for flags


def read_help(program):
	"""The options of --help, {name: Option}"""
	text = subprocess.run([program, "--help"], capture_output=True, text=True,
		check=True).stdout
	options = {}
	for line in text.splitlines():
		head = re.split(r"\s{2,}", line[9:])[0]
		for letter, name, arg in re.findall(r"(?:-(\w), )?--([a-z0-9-]+)(?: ([^\s,]+))?",
				head):
			options[name] = Option(name, letter or None, arg or None)
	if "help" not in options or "rate" not in options:
		sys.exit("--help does not read as a table of options")
	return options


def check_namespace():
	"""Nothing may run where packets could leave. Some kernels give a namespace idle tunnels."""
	with open("/proc/self/net/route", encoding="ascii") as f:
		routes = f.read().splitlines()[1:]
	if routes or any(n for name, n in packets_sent().items() if name != "lo"):
		sys.exit("not inside a fresh network namespace: nothing is run")


def packets_sent():
	"""{interface: packets sent}"""
	with open("/proc/self/net/dev", encoding="ascii") as f:
		lines = f.read().splitlines()[2:]
	return {name.strip(): int(numbers.split()[9])
		for name, numbers in (line.split(":", 1) for line in lines)}


def set_loopback(up):
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
		request = struct.pack("16sh14x", b"lo", 0)
		flags = struct.unpack("16sh14x", fcntl.ioctl(s, SIOCGIFFLAGS, request))[1]
		flags = flags | IFF_UP if up else flags & ~IFF_UP
		fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags))


def drop_capabilities():
	"""In the child: what it executes has none, though it is root in its namespace."""
	libc = ctypes.CDLL(None, use_errno=True)
	dropped = sum(libc.prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0 for cap in range(CAPS_MAX))
	if not dropped:
		raise OSError(ctypes.get_errno(), "prctl(PR_CAPBSET_DROP)")


def snapshot(folder):
	"""{name: what it is}, of everything below"""
	found = {}
	for path, _, names in os.walk(folder):
		found[os.path.relpath(path, folder)] = "a folder"
		for name in names:
			file = os.path.join(path, name)
			with open(file, "rb") as f:
				found[os.path.relpath(file, folder)] = f.read()
	return found


class Case:
	"""name    "group/what"
	args    the options as a shell reads them
	status  the exit status
	says    parts of the message, as regular expressions; the first one begins it where it
	        starts with ^
	files   {name: bytes, or None for a folder}, there before the run
	locked  names of files that nobody may read or write; the program has no capabilities then
	log     a file that the message may be appended to
	closed  descriptors that the program begins without
	out_to  a file that the shell has opened anew as its standard output; its content counts as
	        nothing
	held    names of files that another process has locked
	fine    no mistake: a run beside those that are refused
	shown   whether there is standard output, with `fine`
	notices instead of a message, with `fine`: those that a run has, in full, and no others
	"""

	def __init__(self, name, args, status, *says, files=None, locked=(), privileged=True,
			loopback=False, stdin=b"", log=None, closed=(), out_to=None,
			held=(), fine=False, notices=None, shown=True):
		self.name, self.args, self.want, self.says = name, args, status, says
		self.files, self.locked, self.log = files or {}, locked, log
		self.privileged, self.loopback = privileged and not locked, loopback
		self.stdin, self.closed, self.out_to, self.fine = stdin, closed, out_to, fine
		self.held, self.locks = held, []
		self.notices, self.shown = notices, shown
		# What runs in the child before exec() may not, beside other threads.
		self.special = bool(closed) or not self.privileged
		self.alone = self.special or loopback
		self.message, self.status = "", None
		# As monitoring has it: the status 3, and the message in a line on standard output.
		self.expects = any(word.startswith("--expect")
			for word in (args if isinstance(args, list) else shlex.split(args)))

	def prepare(self, folder):
		for name, content in self.files.items():
			path = os.path.join(folder, name)
			if content is None:
				os.mkdir(path)
				continue
			with open(path, "wb") as f:
				f.write(content)
		if self.out_to:
			open(os.path.join(folder, self.out_to), "wb").close()
		self.before = snapshot(folder)
		for name in self.locked:
			os.chmod(os.path.join(folder, name), 0)
		for name in self.held:
			self.locks.append(open(os.path.join(folder, name), "ab"))
			lock = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
			fcntl.fcntl(self.locks[-1], fcntl.F_OFD_SETLK, lock)

	def child(self):
		for fd in self.closed:
			os.close(fd)
		if not self.privileged:
			drop_capabilities()

	def run(self, program, folder):
		check_namespace()
		argv = self.args if isinstance(self.args, list) else shlex.split(self.args)
		set_loopback(self.loopback)
		sent = packets_sent()
		out = os.path.join(folder, self.out_to) if self.out_to else os.devnull
		with open(out, "ab") as to:
			done = self.start(program, argv, folder, to if self.out_to else subprocess.PIPE)
		self.sent = packets_sent() != sent
		self.status = done.returncode
		self.out, self.err = ((text or b"").decode("utf-8", "backslashreplace")
			for text in (done.stdout, done.stderr))

	def start(self, program, argv, folder, out):
		return subprocess.run([program, *argv], cwd=folder, input=self.stdin, stdout=out,
			stderr=subprocess.PIPE, timeout=LIFE_S,
			preexec_fn=self.child if self.special else None,
			env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TERM": "dumb",
				"UBSAN_OPTIONS": "print_stacktrace=1",
				"ASAN_OPTIONS": "exitcode=99:detect_leaks=0"})

	def said(self):
		"""What is wrong with standard error"""
		lines = self.err.splitlines()
		if 2 in self.closed:
			return
		if len(lines) != 1 or not self.err.endswith("\n"):
			yield f"not one line on standard error but {len(lines)}: {self.err[:2000]!r}"
			return
		head = "tfomap: error: "
		if not lines[0].startswith(head):
			yield f"standard error does not begin with {head!r}: {lines[0]}"
			return
		self.message = lines[0][len(head):]
		for part in self.says:
			if not re.search(part, self.message):
				yield f"the message lacks {part!r}: {self.message}"
		if len(self.message) >= MESSAGE_MAX or re.search(r"\(null\)|line 0\b|^: |:$",
				self.message):
			yield f"the message is cut, or has a hole: {self.message}"

	def reported(self):
		"""What is wrong with the line of --expect"""
		said = self.message.replace("|", "/")
		want = f"TFOMAP UNKNOWN - {said} | targets=0 expected=0\n"
		if self.out != want:
			yield f"standard output is {self.out[:2000]!r}, not {want!r}"

	def changed(self, folder):
		"""What is wrong with the files"""
		for name in self.locked:
			os.chmod(os.path.join(folder, name), 0o600)
		after = snapshot(folder)
		old_log, new_log = self.before.pop(self.log, b""), after.pop(self.log, b"")
		if not new_log.startswith(old_log):
			yield f"{self.log} was written over"
		for name in sorted(self.before.keys() | after.keys()):
			if name not in after:
				yield f"{name} was removed"
			elif name not in self.before:
				yield f"{name} was made"
			elif self.before[name] != after[name]:
				yield f"{name} was changed"

	def faults(self, folder):
		want = 3 if self.expects and not self.fine else self.want
		if self.status != want:
			yield f"exit status {self.status}, not {want}"
		if self.notices is not None:
			found = re.findall("^tfomap: (--.* has no effect here): ", self.err, re.M)
			if found != [f"--{option} has no effect here" for option in self.notices]:
				yield f"notices of {self.notices}, but: {self.err[:2000]!r}"
		if self.fine:
			if "error: " in self.err or (self.shown and not self.out):
				yield f"no mistake, but: {self.err[:2000]!r}"
			return
		yield from self.said()
		if self.expects:
			yield from self.reported()
		elif self.out:
			yield f"standard output is not empty: {self.out[:200]!r}"
		if self.sent:
			yield "packets were sent"
		yield from self.changed(folder)

	def test(self, program):
		"""Lines that tell what failed; none: passed."""
		with tempfile.TemporaryDirectory() as folder:
			self.prepare(folder)
			try:
				self.run(program, folder)
				return list(self.faults(folder))
			except subprocess.TimeoutExpired:
				return [f"not at its end after {LIFE_S} s: {self.args}"]
			finally:
				for lock in self.locks:
					lock.close()
