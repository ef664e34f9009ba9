"""The command lines: each program as fast as its manual says it goes, inside the lab only."""

import os
import re
import shutil
import subprocess

from bed import Skip, WORK, measure

TFOMAP = os.environ["TFOMAP"]
ZMAP = os.environ.get("BENCH_ZMAP", "zmap")
GATEWAY = "02:00:00:00:00:01"
SOURCE = "198.19.0.2"
PREFIX, N = "198.18.0.0/16", 65536  # off the link
ONE_CORE = ["taskset", "-c", "0"]


def cores(threads):
	"""One sender thread and all else on one core, or all on both"""
	return ONE_CORE if threads == 1 else ["taskset", "-c", "0,1"]


def tfomap(*args, engine="packet", threads=1, pin=True):
	return [*(cores(threads) if pin else []), TFOMAP, "--no-default-blocklist", "-q",
		"--tx", engine, "-T", threads, *args]


def tfomap_has(*args):
	"""Raises Skip with tfomap's own words where it cannot run so"""
	run = measure(None, [TFOMAP, "--no-default-blocklist", "-q", "-c", 0, "-n", 1, *args, PREFIX],
		may_fail=True)
	if run.status in (1, 2):
		raise Skip(run.said.splitlines()[-1] if run.said else f"exit status {run.status}")


def zmap_version():
	if not shutil.which(ZMAP):
		raise Skip(f"{ZMAP} is not installed")
	said = subprocess.run([ZMAP, "--version"], text=True, stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT).stdout
	found = re.search(r"(\d+)\.\d+[.\d]*", said)
	return int(found[1]) if found else 0, found[0] if found else said.strip()


def zmap(*args, pps=0, times=1, threads=1, pin=True):
	"""Version 4 sends to several ports, and in batches if it has a rate; older ones know one
	port, so that each address gets as many probes."""
	major, _ = zmap_version()
	empty = f"{WORK}/empty"
	with open(empty, "w"):
		pass
	many = ["-p", f"1-{times}"] if major >= 4 else ["-p", 80, "-P", times]
	fast = ["-r", int(pps or 50000000), "--batch=256"] if major >= 4 else ["-r", int(pps)]
	return [*(cores(threads) if pin else []), ZMAP, "-C", empty, "-b", empty, "-q", "-v", 1,
		"--disable-syslog", "--max-sendto-failures=1000000000", "-M", "tcp_synscan", "-i", "gen0",
		"-G", GATEWAY, "-T", threads,
		*(["--cores=0"] if threads == 1 and pin else []), *many, *fast, *args]


def masscan_version():
	if not shutil.which("masscan"):
		raise Skip("masscan is not installed")
	said = subprocess.run(["masscan", "--version"], text=True, stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT).stdout
	found = re.search(r"version (\S+)", said)
	return found[1] if found else said.strip()


def masscan(*args, pps=0, times=1, wait_s=0, pin=True):
	masscan_version()
	return [*(ONE_CORE if pin else []), "masscan", "-e", "gen0", "--adapter-ip", SOURCE,
		"--router-mac", GATEWAY, "--rate", int(pps or 10000000), "--wait", wait_s, "-p", f"1-{times}", *args]
