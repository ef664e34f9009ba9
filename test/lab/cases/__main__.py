"""usage: python3 -m cases [CASE]... - inside the lab that `run` built; prints the closing line."""

import sys

import harness
from . import servers, targets, rows, packets, network, link, end, scale  # noqa: F401 - in this order
from . import engines, boxes, probes, manners, peers, operators  # noqa: F401

sys.exit(harness.main(sys.argv[1:]))
