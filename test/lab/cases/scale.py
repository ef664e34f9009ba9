"""65,536 servers, one kernel."""

import ipaddress

from harness import HOSTS, SCAN4, by_target, case, equal, tfomap, truth

RATE_PPS = 20000


@case("scale/65536")
def every_one_of_65536_servers_has_its_right_row():
	syns, cookies = truth.syn_counters()
	before = truth.fastopen_counters()
	run = tfomap("198.18.0.0/16", "-p", HOSTS["listener"].port, "-r", RATE_PPS)
	after = truth.fastopen_counters()
	rows = by_target(run.rows)
	want = {(str(address), HOSTS["listener"].port)
		for address in ipaddress.ip_network("198.18.0.0/16")}
	equal(len(rows), 65536, "rows")
	assert rows.keys() == want, f"rows of others: {list(rows.keys() - want)[:3]}"
	now = truth.syn_counters()
	equal((now[0] - syns, now[1] - cookies), (131072, 65536), "SYNs, SYNs with a cookie")
	equal(after["Passive"] - before["Passive"], 65536, "TCPFastOpenPassive")
	equal(after["CookieReqd"] - before["CookieReqd"], 65536, "TCPFastOpenCookieReqd")
	cookies = set()
	for row in run.rows:
		seq, dlen = int(row["tfo_seq"]), int(row["tfo_dlen"])
		equal((row["verdict"], row["tfo_synkind"], row["tfo_ackkind"], row["tfo_synclen"],
			row["tfo_ackclen"], row["probes"], row["source_ip"]),
			("accepted", "34", "0", "8", "0", "2", SCAN4), row["ip"])
		assert dlen > 0, row
		equal(int(row["tfo_ack"]), (seq + dlen + 1) % 2**32, "tfo_ack of " + row["ip"])
		cookies.add(row["cookie"])
	equal(len(cookies), 65536, "different cookies")
