"""What a running scan may do: nothing that it does not need, in any thread, whatever the engine."""

import glob
import os
import pwd
import signal
import subprocess

from harness import Skip, case, equal, finish, host, start, tfomap, wait_for
from truth import WORK
from .engines import IN_KERNEL, _napi, _need, _need_xdp_rx

NOBODY = pwd.getpwnam("nobody").pw_uid
NONE = "0" * 16
# Two targets, and 100 s from the one to the other. Without an answer what sends waits as long.
SLOW = ["--no-default-blocklist", "-r", "0.1", "--timeout", 600, "-q", "-v", 3]
ENGINES = {
	"packet": [],
	"libnet": ["--tx", "libnet"],
	"pcap": ["--tx", f"pcap:{WORK}/sandbox.pcap"],
	"null": ["--tx", "null"],
	"rx-xdp": ["--rx", "xdp"],
}


def _tasks(pid):
	"""The status of each thread, as the kernel tells it"""
	for path in glob.glob(f"/proc/{pid}/task/*/status"):
		with open(path) as status:
			yield {k: v.strip() for k, v in (line.split(":", 1) for line in status)}


def _running(args):
	"""A scan whose threads are all there"""
	if os.readlink("/proc/self") != str(os.getpid()):
		raise Skip("/proc shows other processes than ours")
	process = start(args)
	wait_for(lambda: process.poll() is not None
		or {"send", "receive"} <= {t["Name"] for t in _tasks(process.pid)}, "the scan's threads")
	return process


def _has_sandbox():
	"""Builds that are instrumented go without; kernels may, too."""
	run = tfomap(host("listener"), "-v", 3)
	return "no seccomp filter" not in run.err, run.err


def _check_tasks(process, uid=None):
	calls, err = _has_sandbox()
	tasks = list(_tasks(process.pid))
	assert len(tasks) >= 4, f"threads: {[t['Name'] for t in tasks]}\n{err}"
	for t in tasks:
		for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
			equal(t[name], NONE, f"{name} of thread {t['Name']}")
		equal(t["NoNewPrivs"], "1", f"no_new_privs of thread {t['Name']}")
		equal(t["Seccomp"], "2" if calls else "0", f"filter of thread {t['Name']}")
		if uid is not None:
			equal(t["Uid"].split(), 4 * [str(uid)], f"user of thread {t['Name']}")
			assert "0" not in t["Groups"].split(), t["Groups"]


def _none_are_left(name, args):
	def check():
		_napi(name.endswith("xdp"))
		try:
			if name == "rx-xdp":
				_need_xdp_rx()
			process = _running([*SLOW, *args, host("silent"), host("listener")])
			try:
				_check_tasks(process)
			finally:
				process.kill()
				run = finish(process)
			equal(run.status, -signal.SIGKILL, "exit status: " + run.err)
		finally:
			_napi(False)
	return check


for _name, _args in ENGINES.items():
	case(f"privileges/none-left-{_name}")(_none_are_left(_name, _args))


def _none_in_the_kernel(engine):
	"""The thread that is there has none either."""
	_napi(True)
	try:
		_need(engine)
		process = _running(["--no-default-blocklist", "--tx", engine, "-r", 10, "-q", "198.18.7.0/24"])
		try:
			_check_tasks(process)
		finally:
			process.kill()
			finish(process)
	finally:
		_napi(False)


for _engine in IN_KERNEL:
	case(f"privileges/none-left-tx-{_engine}")(lambda engine=_engine: _none_in_the_kernel(engine))


# ---- another user ----

def need_nobody():
	try:
		subprocess.run(["true"], user="nobody", check=True)
	except OSError as error:
		raise Skip(f"this user namespace has no nobody: {error.strerror}") from error


def _folder():
	path = f"{WORK}/nobodys"
	os.makedirs(path, exist_ok=True)
	os.chown(path, NOBODY, -1)
	return path


@case("privileges/user")
def a_scan_that_runs_as_another_user():
	need_nobody()
	path = f"{_folder()}/metadata"
	args = ["--user", "nobody", "-m", path]
	process = _running([*SLOW, *args, host("silent")])
	try:
		_check_tasks(process, NOBODY)
	finally:
		process.kill()
		finish(process)
	run = tfomap(*args, host("listener"))
	equal(run.rows[0]["verdict"], "accepted", "verdict")
	equal(os.stat(path).st_uid, NOBODY, "whose file the metadata is")


@case("privileges/user-cannot-write")
def metadata_where_that_user_may_not_write():
	need_nobody()
	run = tfomap("--user", "nobody", "-m", f"{WORK}/roots-metadata", host("listener"), expect=1)
	assert "cannot write the metadata" in run.err, run.err
	assert not run.rows, run.out


@case("privileges/user-not-to-be-had")
def a_user_that_it_may_not_become():
	run = tfomap("--user", "nobody", host("listener"), expect=2,
		prefix=("setpriv", "--bounding-set", "-setuid,-setgid", "--inh-caps", "-setuid,-setgid"))
	assert "cannot become --user nobody" in run.err, run.err
	assert not run.rows, run.out
