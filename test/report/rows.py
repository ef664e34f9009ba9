"""Rows and metadata as a scan writes them, made up: the same ones for the same arguments."""

import ipaddress
import json
import random

FIELDS = """ip port domain verdict confirmed conditions signals tfo_synkind tfo_ackkind tfo_synclen
	tfo_ackclen tfo_seq tfo_dlen tfo_ack tfo_acked cookie cookie_len cookie_from cookie_age_s
	cookies_seen hops hop_low hop_high hop_low_ip hop_high_ip response_len plain_response_len reply
	rlen rtt_ms ttl window mss wscale tcp_options source_ip source_port time_sent time_reply
	probes""".split()
VERDICTS = ("accepted",) * 4 + ("no-cookie",) * 9 + ("closed",) * 4 + ("refused", "ignored",
	"second-blocked", "unchecked", "request-blocked")
COOKIE = {"accepted", "refused", "ignored", "second-blocked", "unchecked"}


def address(i, v6=False):
	"""The i-th, of the ranges for benchmarks"""
	first = ipaddress.ip_address("2001:2::" if v6 else "198.18.0.0")
	return str(first + i % (1 << 64 if v6 else 1 << 17))


def row(i, rng, port=80):
	"""A row of target i, as a dictionary"""
	verdict = rng.choice(VERDICTS)
	r = dict.fromkeys(FIELDS)
	r.update(ip=address(i, i % 5 == 4), port=port, verdict=verdict, reply="synack",
		conditions=["tfo.connectivity.works"], signals=[], tfo_synkind=34, tfo_ackkind=0,
		tfo_synclen=0, tfo_ackclen=0, tfo_seq=rng.getrandbits(32), tfo_dlen=0, tfo_acked=0, rlen=0,
		rtt_ms=round(rng.lognormvariate(3, 0.8), 3), ttl=57, window=65535, mss=1460, wscale=7,
		tcp_options="2-4-8-1-3", source_ip="198.18.0.1" if i % 2 else "198.18.0.2",
		source_port=40000 + i % 1000, time_sent=f"2026-11-01T00:{i // 60 % 60:02}:{i % 60:02}.000001Z",
		time_reply=f"2026-11-01T00:{i // 60 % 60:02}:{i % 60:02}.020001Z", probes=1)
	if i % 3 == 0:
		r["domain"] = f"www.site{i % 50}.example.{('org', 'com', 'co.uk')[i % 9 // 3]}"
	r["tfo_ack"] = (r["tfo_seq"] + 1) % 2 ** 32
	if verdict in COOKIE:
		r.update(cookie=f"{rng.getrandbits(64):016x}", cookie_len=8, cookie_from="request",
			cookie_age_s=0, tfo_synclen=8, tfo_dlen=88, probes=2)
	if verdict in ("accepted", "unchecked"):
		r.update(tfo_acked=88, tfo_ack=(r["tfo_seq"] + 89) % 2 ** 32)
	return r


def csv_value(v):
	if v is None:
		return ""
	text = ";".join(v) if isinstance(v, list) else str(v).lower() if isinstance(v, bool) else str(v)
	return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


def csv_text(rows, fields=FIELDS):
	return "".join(",".join(line) + "\n" for line in
		[fields, *([csv_value(r.get(f)) for f in fields] for r in rows)])


def ndjson_text(rows):
	return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)


def metadata(rows, shard=0, shards=1, **changes):
	"""What the run of these rows says of itself; changes: a key, or the last part of its path"""
	verdicts = {}
	for r in rows:
		verdicts[r["verdict"]] = verdicts.get(r["verdict"], 0) + 1
	m = {
		"tfomap": "0.1.0", "argv": ["tfomap"], "configuration": {"plan": "survey", "label": None}, "notes": None,
		"seed": "7", "key": "00" * 16, "shard": shard, "shards": shards, "retries": 0,
		"targets": {"of_this_run": len(rows), "total": shards * len(rows), "merged": 0, "blocked": 0,
			"blocklist_hash": "1e924b9d737700d7", "targets_hash": "00000000000000ff"},
		"sources": ["198.18.0.1"], "start": f"2026-11-01T00:00:0{shard % 10}.000000Z",
		"end": f"2026-11-01T01:00:0{shard % 10}.000000Z", "duration_s": 3600.0, "sending_s": 3500.0,
		"runs": [{"start": "2026-11-01T00:00:00Z", "end": "2026-11-01T01:00:00Z",
			"exit_reason": "complete"}],
		"counters": {"sent": {"sent_syn": 0, "sent_request": len(rows)}, "drops": {},
			"rows": {"rows": len(rows), "rows_filtered": 0}},
		"verdicts": verdicts, "memory_peak_bytes": 5000000 + shard, "sound": True,
		"exit_reason": "complete", "exit_status": 0,
	}
	for key, value in changes.items():
		for part in (m["targets"], m["configuration"]):
			if key in part:
				part[key] = value
				break
		else:
			m[key] = value
	return m


def many(n, seed=1, first=0, port=80):
	rng = random.Random(seed)
	return [row(first + i, rng, port) for i in range(n)]
